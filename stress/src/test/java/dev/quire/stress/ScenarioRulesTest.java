/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.infra.StateCase;
import org.openjdk.jcstress.infra.TestInfo;
import org.openjdk.jcstress.infra.runners.TestList;

/** What holds for every scenario, so that a run of it can prove something. */
class ScenarioRulesTest {
    private static List<TestInfo> scenarios() {
        return TestList.tests().stream().sorted().map(TestList::getInfo).toList();
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void hasAsManyActorsAsRunOnTwoProcessors(TestInfo scenario) {
        assertEquals(2, scenario.threads());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void saysHowItsRaceWindowShows(TestInfo scenario) {
        assertFalse(WindowCheck.windows(scenario).isEmpty());
        for (StateCase window : WindowCheck.windows(scenario)) {
            assertNotEquals(Expect.FORBIDDEN, window.expect(), window.matchPattern());
        }
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void forbidsWhatItDoesNotDescribe(TestInfo scenario) {
        assertEquals(Expect.FORBIDDEN, scenario.unmatched().expect());
        assertFalse(scenario.unmatched().description().startsWith("No default case"));
        assertFalse(scenario.description().isEmpty());
        for (StateCase outcome : scenario.cases()) {
            assertFalse(outcome.description().isEmpty(), outcome.matchPattern());
        }
    }
}
