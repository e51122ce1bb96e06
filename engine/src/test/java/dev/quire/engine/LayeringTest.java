/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the engine to its layers: a package uses itself and the packages before it, never one after it. */
class LayeringTest {
    private static final String ENGINE = "dev.quire.engine";
    private static final String FIXTURE = "dev.quire.engine.layeringfixture";

    /** From the ground up; the engine's root package stands on top of all and uses any. */
    private static final List<String> LAYERS = List.of(
            "machine",
            "memory",
            "struct",
            "rcu",
            "lock",
            "buddy",
            "xarray",
            "folio",
            "pagetable",
            "mapping",
            "guest",
            "observe");

    private static final int ROOT_LAYER = LAYERS.size();

    @Test
    void everyEnginePackageUsesOnlyPackagesBelowIt() {
        JavaClasses engine = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages(ENGINE);

        assertFalse(engine.isEmpty(), "no engine class was found");
        assertEquals(List.of(), violations(engine, ENGINE));
    }

    @Test
    void namesTheClassesThatReachUpAndThePackagesThatHaveNoLayer() {
        JavaClasses fixture = new ClassFileImporter().importPackages(FIXTURE);

        assertEquals(
                List.of(
                        FIXTURE + ".common.Unlayered is in no layer",
                        FIXTURE + ".memory.ReachesUp in memory uses " + FIXTURE + ".Root in the root package",
                        FIXTURE + ".memory.ReachesUp in memory uses " + FIXTURE + ".folio.Upper in folio"),
                violations(fixture, FIXTURE));
    }

    private static List<String> violations(JavaClasses classes, String root) {
        return classes.stream()
                .flatMap(origin -> violationsOf(origin, root))
                .sorted()
                .toList();
    }

    private static Stream<String> violationsOf(JavaClass origin, String root) {
        int layer = layerOf(origin, root);
        if (layer < 0) {
            return Stream.of(origin.getName() + " is in no layer");
        }
        return origin.getDirectDependenciesFromSelf().stream()
                .map(Dependency::getTargetClass)
                .map(JavaClass::getBaseComponentType)
                .filter(target -> layerOf(target, root) > layer)
                .distinct()
                .map(target -> "%s in %s uses %s in %s"
                        .formatted(
                                origin.getName(),
                                layerName(layer),
                                target.getName(),
                                layerName(layerOf(target, root))));
    }

    /** Returns the class's place in {@link #LAYERS}, a subpackage counting as its layer; -1 for none. */
    private static int layerOf(JavaClass javaClass, String root) {
        String packageName = javaClass.getPackageName();
        if (packageName.equals(root)) {
            return ROOT_LAYER;
        }
        if (!packageName.startsWith(root + ".")) {
            return -1;
        }
        return LAYERS.indexOf(packageName.substring(root.length() + 1).split("\\.", 2)[0]);
    }

    private static String layerName(int layer) {
        return layer == ROOT_LAYER ? "the root package" : LAYERS.get(layer);
    }
}
