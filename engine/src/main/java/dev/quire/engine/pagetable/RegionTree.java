/* Copyright 2026 The Quire Authors. SPDX-License-Identifier: Apache-2.0 */
package dev.quire.engine.pagetable;

import org.jspecify.annotations.Nullable;

/**
 * Regions of one owner by the pages that they show, for finding those that show any of a range: an interval tree (as
 * lib/interval_tree of the kernel; Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, augmented trees),
 * here on a tree balanced by height (Adelson-Velsky and Landis).
 *
 * <p>Sorted by first index; each node knows the largest end in its subtree, so that a search passes over subtrees that
 * end before the range. Adding and removing are O(log n), a search is O(log n) for the regions beside the range and
 * constant for each that it finds; it allocates nothing. Many regions may show the same pages.
 *
 * <p>For one thread at a time.
 */
final class RegionTree {
    /** Sees the regions of a search. */
    @FunctionalInterface
    interface Visitor<T> {
        void visit(Region region, long firstIndex, long endIndex, T argument);
    }

    private @Nullable Node root;
    private int size;

    private static final class Node {
        Region region;

        @Nullable
        Node left;

        @Nullable
        Node right;

        int height = 1;
        long maxEndIndex;

        Node(Region region) {
            this.region = region;
            maxEndIndex = region.endIndex();
        }

        void update() {
            height = 1 + Math.max(heightOf(left), heightOf(right));
            maxEndIndex = Math.max(region.endIndex(), Math.max(maxEndOf(left), maxEndOf(right)));
        }
    }

    /** Adds a region that is not here. */
    void add(Region region) {
        root = add(root, region);
        size++;
    }

    /** Removes a region; one that is not here is ignored. */
    void remove(Region region) {
        root = remove(root, region);
    }

    int size() {
        return size;
    }

    /** Nodes on the longest way from the root to a leaf. */
    int height() {
        return heightOf(root);
    }

    /**
     * Visits all regions that show pages from an index up to before another, by first index, then by key. The visitor
     * changes nothing here.
     *
     * @param argument handed to the visitor, which so need not be an object of its own for each search
     */
    <T> void forEach(long firstIndex, long endIndex, Visitor<T> visitor, T argument) {
        visit(root, firstIndex, endIndex, visitor, argument);
    }

    private static <T> void visit(@Nullable Node node, long firstIndex, long endIndex, Visitor<T> visitor, T argument) {
        if (node == null || node.maxEndIndex <= firstIndex) {
            return;
        }
        visit(node.left, firstIndex, endIndex, visitor, argument);
        if (node.region.firstIndex() < endIndex) {
            if (node.region.endIndex() > firstIndex) {
                visitor.visit(node.region, firstIndex, endIndex, argument);
            }
            visit(node.right, firstIndex, endIndex, visitor, argument);
        }
    }

    private static Node add(@Nullable Node node, Region region) {
        if (node == null) {
            return new Node(region);
        }
        if (compare(region, node.region) < 0) {
            node.left = add(node.left, region);
        } else {
            node.right = add(node.right, region);
        }
        return balance(node);
    }

    private @Nullable Node remove(@Nullable Node node, Region region) {
        if (node == null) {
            return null;
        }
        int order = compare(region, node.region);
        if (order < 0) {
            node.left = remove(node.left, region);
        } else if (order > 0) {
            node.right = remove(node.right, region);
        } else if (node.left == null || node.right == null) {
            size--;
            return node.left == null ? node.right : node.left;
        } else {
            node.region = firstOf(node.right);
            node.right = remove(node.right, node.region);
        }
        return balance(node);
    }

    private static Region firstOf(Node node) {
        Node first = node;
        while (first.left != null) {
            first = first.left;
        }
        return first.region;
    }

    /** Of regions that begin at the same index the later made one comes behind: {@link MoveLeaves} relies on it. */
    private static int compare(Region region, Region other) {
        int byIndex = Long.compare(region.firstIndex(), other.firstIndex());
        return byIndex != 0 ? byIndex : Long.compare(region.key(), other.key());
    }

    private static int heightOf(@Nullable Node node) {
        return node == null ? 0 : node.height;
    }

    private static long maxEndOf(@Nullable Node node) {
        return node == null ? 0 : node.maxEndIndex;
    }

    /**
     * Rotates a node whose subtrees are balanced, but differ in height by two; returns the root of what was its
     * subtree.
     */
    private static Node balance(Node node) {
        node.update();
        if (node.left != null && node.left.height > heightOf(node.right) + 1) {
            if (node.left.right != null && node.left.right.height > heightOf(node.left.left)) {
                node.left = rotateLeft(node.left, node.left.right);
            }
            return rotateRight(node, node.left);
        }
        if (node.right != null && node.right.height > heightOf(node.left) + 1) {
            if (node.right.left != null && node.right.left.height > heightOf(node.right.right)) {
                node.right = rotateRight(node.right, node.right.left);
            }
            return rotateLeft(node, node.right);
        }
        return node;
    }

    private static Node rotateLeft(Node node, Node right) {
        node.right = right.left;
        right.left = node;
        node.update();
        right.update();
        return right;
    }

    private static Node rotateRight(Node node, Node left) {
        node.left = left.right;
        left.right = node;
        node.update();
        left.update();
        return left;
    }
}
