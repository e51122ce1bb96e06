/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/** The command line of the lab. */
@Command(
        name = "quire",
        description = "Splits large folios under the system calls of real programs, and measures it.",
        footer = {
            "",
            "More commands of bench/quire, in a jar of their own:",
            "  stress     The concurrency tests, with jcstress's own options.",
            "  windows    Whether a run of them ran all and reached their race windows.",
            "  mutants    Whether they catch engines that are broken on purpose.",
            "",
            "Example:",
            "  strace -f -y -o build.strace make",
            "  quire replay build.strace"
        })
public final class Main implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /**
     * Runs a command and ends the process: 0 if all is well, 1 if an input could not be read or a run could not go on
     * ({@link LabException}), 2 if the command line is wrong.
     *
     * @param arguments the command and its arguments
     */
    public static void main(String[] arguments) {
        System.exit(commandLine(PageCacheTarget::new).execute(arguments));
    }

    /**
     * The whole command line.
     *
     * @param factory makes what traces are replayed against
     * @return a command line that reports errors in one line
     */
    static CommandLine commandLine(ReplayTarget.Factory factory) {
        CommandLine replay = new CommandLine(new ReplayCommand(factory)).setCaseInsensitiveEnumValuesAllowed(true);
        CommandLine demo = new CommandLine(new DemoCommand(factory));
        CommandLine split = new CommandLine(new SplitCommand()).setCaseInsensitiveEnumValuesAllowed(true);
        CommandLine stall = new CommandLine(new StallCommand()).setCaseInsensitiveEnumValuesAllowed(true);
        // -h belongs to JMH there, like everything else from the first argument on.
        CommandLine jmh = new CommandLine(new JmhCommand())
                .setUnmatchedOptionsArePositionalParams(true)
                .setStopAtPositional(true);
        return withHelp(new CommandLine(new Main()), "-h", "--help")
                .addSubcommand(withHelp(demo, "-h", "--help"))
                .addSubcommand(withHelp(replay, "-h", "--help"))
                .addSubcommand(withHelp(split, "-h", "--help"))
                .addSubcommand(withHelp(new CommandLine(new FootprintCommand()), "-h", "--help"))
                .addSubcommand(withHelp(new CommandLine(new GuestCommand()), "-h", "--help"))
                .addSubcommand(withHelp(stall, "-h", "--help"))
                .addSubcommand(withHelp(new CommandLine(new GrowthCommand()), "-h", "--help"))
                .addSubcommand(withHelp(jmh, "--help"))
                .setParameterExceptionHandler((failure, arguments) -> reportUsage(failure))
                .setExecutionStrategy(Main::run)
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, command));
    }

    private static CommandLine withHelp(CommandLine command, String... names) {
        command.getCommandSpec()
                .addOption(OptionSpec.builder(names)
                        .usageHelp(true)
                        .arity("0")
                        .type(boolean.class)
                        .description("Show this help and exit.")
                        .build());
        return command;
    }

    private static int reportUsage(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        command.getErr().println("quire: " + failure.getMessage());
        command.getErr().println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    /** Errors pass by picocli's handlers, but a system that refuses memory is nothing to end with a stack trace. */
    private static int run(ParseResult parsed) {
        try {
            return new RunLast().execute(parsed);
        } catch (OutOfMemoryError e) {
            parsed.commandSpec().commandLine().getErr().println("quire: out of memory: " + e.getMessage());
            return ExitCode.FAILED;
        }
    }

    /** What a user can cause is told in one line; anything else keeps its stack trace. */
    private static int report(Exception failure, CommandLine command) throws Exception {
        if (failure instanceof IOException || failure instanceof LabException) {
            String message =
                    failure instanceof LabException ? String.valueOf(failure.getMessage()) : failure.toString();
            command.getErr().println("quire: " + message);
            return ExitCode.FAILED;
        }
        throw failure;
    }

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.USAGE;
    }
}
