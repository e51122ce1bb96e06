/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * What a user of the lab can cause: an input that cannot be read or is not what it should be, a run for which there is
 * no memory or no room on the disk, a replay that found wrong bytes. The message is the line that the user gets; it
 * names the input and, if there is one, the line in it.
 */
public final class LabException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LabException(String message) {
        super(message);
    }

    LabException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * An input that cannot be read.
     *
     * @param inputName its path, for the message
     * @param cause what reading it threw
     */
    static LabException unreadable(String inputName, IOException cause) {
        return new LabException(inputName + ": " + reason(cause), cause);
    }

    /** In words where the exception itself says it only by its class, or names the file once more. */
    private static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException missing -> "no such file";
            case AccessDeniedException denied -> "permission denied";
            case EOFException cut -> "ends too early";
            case CharacterCodingException binary -> "not text in UTF-8";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }
}
