/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.Options;
import org.openjdk.jcstress.TestExecutor;
import org.openjdk.jcstress.infra.TestInfo;
import org.openjdk.jcstress.infra.collectors.InProcessCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.runners.TestConfig;
import org.openjdk.jcstress.infra.runners.TestList;
import org.openjdk.jcstress.os.OSSupport;
import org.openjdk.jcstress.os.Scheduler;
import org.openjdk.jcstress.os.SchedulingClass;
import org.openjdk.jcstress.os.topology.Topology;
import org.openjdk.jcstress.vm.CompileMode;
import org.openjdk.jcstress.vm.VMSupport;

/**
 * Runs single jcstress forks on a class path of the caller's choice. jcstress's own front end probes the JVM for half a
 * minute at every start and reports only whole runs; here it is probed once, and a caller stops when it has seen
 * enough.
 */
final class JcstressForks {
    private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

    /** Some of jcstress's own waits have no limit, and a broken engine can hang anywhere. */
    private static final String END_AFTER_ONE_MINUTE = "-XX:SelfDestructTimer=1";

    private final Scheduler scheduler;
    private final int nrProcessors;

    /** Probes the processors and the JVM; takes seconds. */
    JcstressForks() throws IOException {
        PrintStream console = System.out;
        // The probes report to the console, and nowhere else.
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            Options options = options(1, Duration.ofMillis(1));
            nrProcessors = options.getCPUCount();
            OSSupport.init();
            VMSupport.initFlags(options);
            VMSupport.detectAvailableVMConfigs(false, List.of(), List.of(NATIVE_ACCESS));
            scheduler = new Scheduler(Topology.get(), nrProcessors);
        } finally {
            System.setOut(console);
        }
    }

    /** Ways to run a test: interpreted, with either compiler, and with the second one made unpredictable. */
    int nrJvmModes() {
        return VMSupport.getAvailableVMConfigs().size();
    }

    /**
     * Runs one test in one fork and waits for it.
     *
     * @param test full name of the test
     * @param jvmMode 0 to {@link #nrJvmModes} - 1
     * @param classPath class path of the fork
     * @param nrIterations how often the actors start afresh
     * @param iteration how long they run each time
     * @return what the fork observed, one result per placement of the actors
     * @throws IOException if no fork can be started
     */
    List<TestResult> run(String test, int jvmMode, String classPath, int nrIterations, Duration iteration)
            throws IOException {
        Options options = options(nrIterations, iteration);
        TestInfo info = TestList.getInfo(test);
        List<String> jvmArguments =
                new ArrayList<>(VMSupport.getAvailableVMConfigs().get(jvmMode).args());
        // Of two class paths the JVM takes the last; jcstress puts its own before these arguments.
        jvmArguments.addAll(List.of(END_AFTER_ONE_MINUTE, "-cp", classPath));
        List<TestConfig> forks = new ArrayList<>();
        for (SchedulingClass placement :
                scheduler.scheduleClasses(info.threads(), nrProcessors, options.affinityMode())) {
            forks.add(new TestConfig(options, info, 0, jvmArguments, CompileMode.UNIFIED, placement));
        }
        InProcessCollector collector = new InProcessCollector();
        new TestExecutor(options.verbosity(), collector, scheduler).runAll(forks);
        return List.copyOf(collector.getTestResults());
    }

    private static Options options(int nrIterations, Duration iteration) throws IOException {
        Options options = new Options(new String[] {
            "-m", "quick", "-iters", Integer.toString(nrIterations), "-time", Long.toString(iteration.toMillis())
        });
        if (!options.parse()) {
            throw new IllegalStateException("jcstress refuses its options");
        }
        return options;
    }
}
