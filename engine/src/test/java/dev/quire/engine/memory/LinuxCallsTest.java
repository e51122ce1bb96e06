/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.quire.engine.machine.LinuxCalls;
import dev.quire.engine.machine.NativeMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinuxCallsTest {
    private final String osName = System.getProperty("os.name");
    private final String osArch = System.getProperty("os.arch");

    @AfterEach
    void restorePlatform() {
        pretend(osName, osArch);
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, true",
        "Linux, x86_64, true",
        "Linux, aarch64, true",
        "Linux, riscv64, false",
        "Windows 11, amd64, false",
        "Mac OS X, aarch64, false"
    })
    void existOnLinuxOnTwoArchitectures(String name, String arch, boolean available) {
        pretend(name, arch);
        assertEquals(available, LinuxCalls.areAvailable());
    }

    @Test
    void aHoleGivesTheBlocksOfAFileBack(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(LinuxCalls.areAvailable());
        assertEquals(-1, LinuxCalls.open(folder.resolve("none").toString()));
        assertFalse(LinuxCalls.close(-1));
        byte[] content = new byte[1 << 20];
        Arrays.fill(content, (byte) 7);
        Path path = Files.write(folder.resolve("file"), content);
        long nrBlocksBefore = nrBlocks(path);
        int descriptor = LinuxCalls.open(path.toString());
        boolean punched = LinuxCalls.punchHole(descriptor, 4095, 512 << 10);
        assertTrue(LinuxCalls.close(descriptor));
        assumeTrue(punched, "this file system has no holes");
        Arrays.fill(content, 4095, 4095 + (512 << 10), (byte) 0);
        assertArrayEquals(content, Files.readAllBytes(path));
        long nrBlocksGivenBack = nrBlocksBefore - nrBlocks(path);
        assertTrue(nrBlocksGivenBack >= 900, "of 512 bytes: " + nrBlocksGivenBack);
    }

    private static long nrBlocks(Path path) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
        String answer = new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertEquals(0, stat.waitFor());
        return Long.parseLong(answer.strip());
    }

    @Test
    void elsewhereAnArenaIsASparseFile() {
        pretend("Windows 11", "amd64");
        try (Reservation reservation = Reservation.open(Backing.AUTOMATIC, 1 << 20)) {
            assertEquals(Reservation.SparseFile.class, reservation.getClass());
        }
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> Reservation.open(Backing.ANONYMOUS, 1 << 20));
        assertEquals("backing not supported here: backing=ANONYMOUS, os=Windows 11, arch=amd64", refused.getMessage());
    }

    @Test
    void whereTheyExistAnArenaIsAnonymous() {
        assumeTrue(LinuxCalls.areAvailable());
        try (Reservation reservation = Reservation.open(Backing.AUTOMATIC, 1 << 20)) {
            assertEquals(Reservation.Anonymous.class, reservation.getClass());
            assertEquals(1 << 20, reservation.nrBytes());
        }
    }

    @Test
    void askingWhetherTheyExistLinksNothing() throws IOException, InterruptedException {
        // A JVM that refuses to link stands for a system that has nothing to link.
        Process child = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--illegal-native-access=deny",
                        "-Dos.name=Plan 9",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Elsewhere.class.getName()))
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("SparseFile", output.strip());
        assertEquals(0, child.waitFor());
    }

    @Test
    void membarrierIsGrantedOnceRegistered() {
        assumeTrue(LinuxCalls.areAvailable());
        boolean registered = LinuxCalls.registerMembarrier();
        assertEquals(registered, LinuxCalls.membarrier());
    }

    @Test
    void releasingWhatIsNoRangeOfPagesIsAnError() {
        assumeTrue(LinuxCalls.areAvailable());
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> LinuxCalls.release(0x1001, 4096));
        assertEquals("munmap refused: address=0x1001, bytes=4096", refused.getMessage());
    }

    @Test
    void whatIsReservedCanBeAdvisedAndReleased() {
        assumeTrue(LinuxCalls.areAvailable());
        long address = LinuxCalls.reserve(1 << 20);
        assertTrue(address > 0 && address % 4096 == 0);
        assertFalse(LinuxCalls.adviseHugePages(address + 1, 1 << 20, true));
        assertEquals(0, NativeMemory.getLong(address + (1 << 20) - 8));
        LinuxCalls.release(address, 1 << 20);
        assertEquals(-1, LinuxCalls.reserve(Long.MAX_VALUE));
    }

    private static void pretend(String name, String arch) {
        System.setProperty("os.name", name);
        System.setProperty("os.arch", arch);
    }

    /** Opens a reservation as on a system without these calls. */
    static final class Elsewhere {
        private Elsewhere() {}

        public static void main(String[] arguments) {
            try (Reservation reservation = Reservation.open(Backing.AUTOMATIC, 1 << 20)) {
                System.out.println(reservation.getClass().getSimpleName());
            }
        }
    }
}
