/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the output of strace as it is, in one pass, and says what each call did to which file.
 *
 * <p>With or without {@code -f}, {@code -y}, {@code -yy}, {@code -t}, {@code -tt}, {@code -ttt}, {@code -r},
 * {@code -T}, {@code -i}, {@code -n}. Needed memory grows with the files, threads and descriptors of the trace, not
 * with its length. A line that cannot be understood is counted and skipped.
 *
 * <p>Not reusable and not thread-safe.
 */
public final class TraceReader {
    /** strace writes this wherever it happens to be if its output is not a file of its own. */
    private static final Pattern ATTACHED = Pattern.compile("strace: Process \\d+ attached$");

    private final String inputName;
    private final TraceState state;
    private final SystemCalls calls;
    private String cutLine = "";

    private TraceReader(String inputName, TraceSink sink) {
        this.inputName = inputName;
        this.state = new TraceState(sink);
        this.calls = new SystemCalls(state);
    }

    /**
     * Reads a whole trace.
     *
     * @param inputName name of the input, for messages
     * @param input strace's output as text; not closed
     * @param sink takes the operations
     * @return what was met and what was skipped
     * @throws IOException if the input cannot be read
     */
    public static TraceSummary read(String inputName, InputStream input, TraceSink sink) throws IOException {
        TraceReader reader = new TraceReader(inputName, sink);
        TraceLines lines = new TraceLines(input);
        while (lines.advance()) {
            reader.readLine(lines);
        }
        return reader.finish();
    }

    private TraceSummary finish() {
        state.summary().addUnreturnedCalls(state.threads().nrUnfinishedCalls());
        return state.summary();
    }

    private void readLine(TraceLines lines) {
        state.summary().addLine();
        try {
            if (lines.isTooLong()) {
                throw new MalformedLineException("line is longer than " + TraceLines.MAX_LINE_BYTES + " bytes");
            }
            String line = cutLine + lines.line();
            cutLine = "";
            Matcher attached = ATTACHED.matcher(line);
            if (attached.find()) {
                cutLine = line.substring(0, attached.start());
            } else {
                apply(StraceLine.parse(line));
            }
        } catch (MalformedLineException e) {
            state.summary()
                    .addMalformedLine(
                            new MalformedLine(inputName, state.summary().nrLines(), String.valueOf(e.getMessage())));
        }
    }

    private void apply(StraceLine line) throws MalformedLineException {
        switch (line.kind()) {
            case CALL -> calls.apply(state.threads().get(line.pid()), StraceCall.parse(line.pid(), line.text()));
            case UNFINISHED -> begin(state.threads().get(line.pid()), line.text());
            case RESUMED -> resume(line);
            case NEVER_RETURNED -> state.summary().addUnreturnedCalls(1);
            case EXIT -> exit(line.pid());
            case OTHER -> {}
        }
    }

    private void begin(TracedThread thread, String text) throws MalformedLineException {
        if (text.indexOf('(') < 0) {
            throw new MalformedLineException("no call on this line");
        }
        if (thread.unfinishedCall().isPresent()) {
            state.summary().addUnreturnedCalls(1);
        }
        thread.beginCall(text);
        // The kernel frees the descriptor before the call returns: another thread may get its number in between.
        if (text.startsWith("close(")) {
            calls.apply(thread, StraceCall.parse(thread.pid(), text + ") = 0"));
        }
    }

    private void resume(StraceLine line) throws MalformedLineException {
        TracedThread thread = state.threads().get(line.pid());
        String start = line.name() + "(";
        Optional<String> begun = thread.unfinishedCall().filter(text -> text.startsWith(start));
        if (begun.isEmpty() && line.pid() == 0) {
            // Output to a terminal loses its thread numbers when only one thread is left.
            thread = state.threads().onlyOneIn(line.name()).orElse(thread);
            begun = thread.unfinishedCall();
        }
        if (begun.isEmpty()) {
            throw new MalformedLineException(line.name() + " is resumed but was not begun");
        }
        thread.endCall();
        if (!line.name().equals("close")) {
            calls.apply(thread, StraceCall.parse(thread.pid(), begun.get() + line.text()));
        }
    }

    private void exit(int pid) {
        TracedThread thread = state.threads().get(pid);
        if (thread.unfinishedCall().isPresent()) {
            state.summary().addUnreturnedCalls(1);
        }
        state.threads().ended(pid).ifPresent(unused -> {
            for (int descriptor : unused.between(0, Integer.MAX_VALUE)) {
                state.close(unused, descriptor);
            }
        });
    }
}
