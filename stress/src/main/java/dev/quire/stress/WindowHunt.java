/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;
import org.openjdk.jcstress.infra.TestInfo;

/**
 * Runs those tests again, and longer, whose race windows a run did not reach. Whether two threads meet within some
 * nanoseconds is chance, and a short run on a busy machine may have none. Only windows are tried again: what failed or
 * was forbidden once has failed, here too.
 */
final class WindowHunt {
    /** Tried in this order until every window was reached; the run before was a short one. */
    private static final Set<Effort> EFFORTS = EnumSet.range(Effort.MEDIUM, Effort.LONGEST);

    private final String classPath = System.getProperty("java.class.path");
    private final JcstressForks forks;
    private final PrintStream log;

    /**
     * Prepares to run forks; takes seconds.
     *
     * @param log told of every test that is run again
     * @throws IOException if the JVM cannot be probed
     */
    WindowHunt(PrintStream log) throws IOException {
        forks = new JcstressForks();
        this.log = log;
    }

    /**
     * Runs tests until their windows are reached, or for about three minutes each.
     *
     * @param planned the tests
     * @param results what was seen of them so far
     * @return that, and what was seen of them now
     * @throws IOException if no fork can be started
     */
    StressResults run(Collection<TestInfo> planned, StressResults results) throws IOException {
        StressResults all = results;
        for (TestInfo test : planned) {
            if (results.tests().contains(test.name())
                    && !WindowCheck.unreached(test, all).isEmpty()) {
                log.println("again, for its windows: " + test.name());
                all = hunt(test, all);
            }
        }
        return all;
    }

    private StressResults hunt(TestInfo test, StressResults results) throws IOException {
        StressResults all = results;
        for (Effort effort : EFFORTS) {
            for (int jvmMode = forks.nrJvmModes() - 1; jvmMode >= 0; jvmMode--) {
                all = all.plus(StressResults.of(
                        forks.run(test.name(), jvmMode, classPath, effort.nrIterations(), effort.iteration())));
                if (WindowCheck.unreached(test, all).isEmpty()) {
                    return all;
                }
            }
        }
        return all;
    }
}
