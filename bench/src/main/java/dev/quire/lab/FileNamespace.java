/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.lab;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which file a name means at this point of the trace. A file that is deleted and made again under the same name is a
 * new file.
 */
final class FileNamespace {
    private final Map<String, TraceFile> named = new HashMap<>();
    private final Map<String, TraceFile> nameless = new HashMap<>();
    private int nrFiles;

    Optional<TraceFile> find(String name) {
        return Optional.ofNullable(named.get(name));
    }

    /** The file that a descriptor's printed name means; made if this is the first the trace tells of it. */
    TraceFile fileFor(String name, boolean deleted) {
        TraceFile known = (deleted ? nameless : named).get(name);
        if (known != null) {
            return known;
        }
        return deleted ? createNameless(name) : createNamed(name);
    }

    private TraceFile createNamed(String name) {
        TraceFile file = new TraceFile(nrFiles++, name);
        named.put(name, file);
        return file;
    }

    /** A file that no path leads to: a memory file, a temporary file, or one deleted before the trace began. */
    TraceFile createNameless(String label) {
        TraceFile file = new TraceFile(nrFiles++, label);
        file.removeAllNames();
        nameless.put(label, file);
        return file;
    }

    /** A file of which the trace shows nothing but a descriptor; it never loses its (unknown) name. */
    TraceFile createUnknown(String label) {
        return new TraceFile(nrFiles++, label);
    }

    /**
     * Takes a name away.
     *
     * @return the file that had it
     */
    Optional<TraceFile> unlink(String name) {
        TraceFile file = named.remove(name);
        if (file == null) {
            return Optional.empty();
        }
        file.removeName();
        if (!file.hasName()) {
            nameless.put(file.name(), file);
        }
        return Optional.of(file);
    }

    /** A descriptor's printed name says that the file has no name any more. */
    void sawDeleted(TraceFile file) {
        if (file.hasName()) {
            file.removeAllNames();
            named.values().removeIf(other -> other == file);
            nameless.put(file.name(), file);
        }
    }

    void link(TraceFile file, String newName) {
        file.addName();
        named.put(newName, file);
    }

    /** Moves a file to a name that no other file has. */
    void rename(TraceFile file, String oldName, String newName) {
        named.remove(oldName, file);
        named.put(newName, file);
        file.rename(newName);
    }

    void exchange(String oneName, String otherName) {
        TraceFile one = fileFor(oneName, false);
        TraceFile other = fileFor(otherName, false);
        named.put(oneName, other);
        named.put(otherName, one);
        one.rename(otherName);
        other.rename(oneName);
    }

    /** Forgets a file that is gone. */
    void forget(TraceFile file) {
        nameless.remove(file.name(), file);
    }
}
