/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.xarray;

/**
 * Is told when the contents of a node change in kind (xa_update_node_t): for users that keep lists of nodes, such as
 * {@link XaValueNodes}. An array has at most one, see {@link XArray#update}.
 *
 * <p>Called with the array's lock held, after the node's {@code count} or {@code nr_values} changed: for the parent of
 * a new node, for a new top, for every node whose counts changed, for each child that a split made (complete, but not
 * yet reachable) and for the node that was split, and with both counts 0 for every node that is about to be freed,
 * which then must be on no list any more.
 */
@FunctionalInterface
public interface NodeUpdate {
    /**
     * Looks at a changed node. Must not unlock the array, nor change it, nor throw.
     *
     * @param node address of the node, 576 bytes laid out as the kernel's struct xa_node
     */
    void update(long node);
}
