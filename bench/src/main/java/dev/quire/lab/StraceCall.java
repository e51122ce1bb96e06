/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A whole system call: {@code name(argument, ...) = result}.
 *
 * @param pid number of the calling thread; 0 if unknown
 * @param name name of the call
 * @param arguments the arguments as printed
 * @param outcome whether the call returned, and how
 * @param result what it returned; 0 if it did not
 * @param resultText the result as printed, with a descriptor's name if there is one
 */
record StraceCall(int pid, String name, List<String> arguments, Outcome outcome, long result, String resultText) {

    enum Outcome {
        /** The call did its work. */
        SUCCEEDED,
        /** The call returned an error. */
        FAILED,
        /** The call did not return, or the trace does not say what ({@code = ?}). */
        NEVER_RETURNED
    }

    private static final Pattern NAME = Pattern.compile("\\w+");
    private static final Pattern RESULT = Pattern.compile("\\s*=\\s*(\\?|-?\\d+|0x[0-9a-fA-F]+)(?![\\w?])");

    static StraceCall parse(int pid, String text) throws MalformedLineException {
        int open = text.indexOf('(');
        if (open < 0 || !NAME.matcher(text.substring(0, open)).matches()) {
            throw new MalformedLineException("no call on this line");
        }
        List<String> arguments = new ArrayList<>();
        int close = StraceScanner.splitArguments(text, open + 1, arguments);
        String name = text.substring(0, open);
        Matcher result = RESULT.matcher(text).region(close + 1, text.length());
        if (!result.lookingAt()) {
            throw new MalformedLineException("no result after the arguments of " + name);
        }
        String value = result.group(1);
        if (value.equals("?")) {
            return new StraceCall(pid, name, arguments, Outcome.NEVER_RETURNED, 0, value);
        }
        long number = StraceScanner.number(value);
        String after = text.substring(result.end());
        Outcome outcome = number == -1 && after.startsWith(" E") ? Outcome.FAILED : Outcome.SUCCEEDED;
        return new StraceCall(pid, name, arguments, outcome, number, value + nameIn(after));
    }

    /** The descriptor's name that follows a result, which is not the call's duration: that one stands after a blank. */
    private static String nameIn(String after) throws MalformedLineException {
        if (!after.startsWith("<")) {
            return "";
        }
        int end = StraceScanner.endOfName("0" + after, 1);
        String name = after.substring(0, end);
        return after.startsWith(DescriptorToken.DELETED, end) ? name + DescriptorToken.DELETED : name;
    }

    String argument(int position) throws MalformedLineException {
        if (position >= arguments.size()) {
            throw new MalformedLineException("argument " + (position + 1) + " of " + name + " is missing");
        }
        return arguments.get(position);
    }

    long number(int position) throws MalformedLineException {
        return StraceScanner.number(argument(position));
    }

    /** An argument that counts or addresses bytes of a file. */
    long bytes(int position) throws MalformedLineException {
        long bytes = number(position);
        if (bytes < 0) {
            throw new MalformedLineException(
                    "argument " + (position + 1) + " of " + name + " is out of range: " + argument(position));
        }
        return bytes;
    }

    String string(int position) throws MalformedLineException {
        return StraceScanner.unquote(argument(position));
    }

    /** Whether an argument that is a set of flags holds one. */
    boolean hasFlag(int position, String flag) {
        if (position >= arguments.size()) {
            return false;
        }
        String flags = arguments.get(position);
        int at = flags.indexOf(flag);
        while (at >= 0) {
            int end = at + flag.length();
            boolean starts = at == 0 || !isFlagCharacter(flags.charAt(at - 1));
            if (starts && (end == flags.length() || !isFlagCharacter(flags.charAt(end)))) {
                return true;
            }
            at = flags.indexOf(flag, end);
        }
        return false;
    }

    private static boolean isFlagCharacter(char c) {
        return Character.isLetterOrDigit(c) || c == '_';
    }

    DescriptorToken descriptor(int position) throws MalformedLineException {
        return DescriptorToken.parse(argument(position));
    }

    DescriptorToken resultDescriptor() throws MalformedLineException {
        return DescriptorToken.parse(resultText);
    }
}
