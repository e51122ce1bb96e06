/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

/**
 * Results of operations that can fail in expected ways: 0 for success, else the negated error number that the original
 * returns for the same reason. They are return values, never exceptions, so that losing a race allocates nothing.
 */
public final class Errno {
    /** Success. */
    public static final int OK = 0;

    /** Nothing is there. */
    public static final int ENOENT = -2;

    /** Somebody holds an unexpected reference; try again. */
    public static final int EAGAIN = -11;

    /** No memory; nothing has changed unless the operation says otherwise. */
    public static final int ENOMEM = -12;

    /** The page is not for this kind of access. */
    public static final int EACCES = -13;

    /** The address does not exist, is beyond the end, or may not be used like that. */
    public static final int EFAULT = -14;

    /** The object is in use in a way that excludes the operation for now. */
    public static final int EBUSY = -16;

    /** Something is there already. */
    public static final int EEXIST = -17;

    /** The arguments exclude each other or the state of the object. */
    public static final int EINVAL = -22;

    /** No room on the device. */
    public static final int ENOSPC = -28;

    /** A count would become too large. */
    public static final int EOVERFLOW = -75;

    /** The frame has a hardware error. */
    public static final int EHWPOISON = -133;

    /** Largest error number, as a magnitude. */
    public static final int MAX_ERRNO = 4095;

    private Errno() {}

    /**
     * Name of a result for people.
     *
     * @param result 0 or a negated error number
     * @return for example {@code "EAGAIN"}, {@code "OK"}, or the number itself if it has no name here
     */
    public static String name(int result) {
        return switch (result) {
            case OK -> "OK";
            case ENOENT -> "ENOENT";
            case EAGAIN -> "EAGAIN";
            case ENOMEM -> "ENOMEM";
            case EACCES -> "EACCES";
            case EFAULT -> "EFAULT";
            case EBUSY -> "EBUSY";
            case EEXIST -> "EEXIST";
            case EINVAL -> "EINVAL";
            case ENOSPC -> "ENOSPC";
            case EOVERFLOW -> "EOVERFLOW";
            case EHWPOISON -> "EHWPOISON";
            default -> Integer.toString(result);
        };
    }
}
