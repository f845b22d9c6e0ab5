//go:build go1.23

package main

import (
	"maps"
	"slices"
)

func init() {
	register("range-func-inlined", rangeFuncInlined)
	register("range-func", rangeFunc)
	register("range-func-captures", rangeFuncCaptures)
	register("range-func-result", func() { theInt = rangeFuncResult(1) })
	register("range-func-defer", rangeFuncDefer)
	register("range-func-sequence", rangeFuncSequence)
	register("range-func-library", rangeFuncLibrary)
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) { // @range-func-inlined.inside
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func rangeFuncInlined() {
	sum := 0
	for i := range upTo(3) { // @range-func-inlined
		sum += i
	}
	theInt = sum
}

//go:noinline
func countUp(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func countOnce(n int) func(func(int) bool) {
	return func(yield func(int) bool) { // @range-func.iterator
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func rangeFunc() {
	for i := range countOnce(3) { // @range-func
		theInt += i
	}
}

//go:noinline
func rangeFuncCaptures() {
	sum := 0                    // @range-func-captures.sum
	for i := range countUp(3) { // @range-func-captures
		sum += i
		sinkInt = &i // @range-func-captures.address
	}
	theInt = sum
}

//go:noinline
func rangeFuncResult(limit int) int { // @range-func-result.func
	for i := range countUp(3) { // @range-func-result
		if i > limit {
			return i
		}
	}
	return 0
}

//go:noinline
func rangeFuncDefer() {
	for range countUp(3) { // @range-func-defer
		defer bump() // @range-func-defer.defer
	}
}

var someMap = map[int]int{1: 2, 3: 4}

//go:noinline
func rangeFuncSequence() {
	for k := range maps.Keys(someMap) { // @range-func-sequence
		theInt += k
	}
}

//go:noinline
func rangeFuncLibrary() {
	sinkInts = slices.Collect(maps.Keys(someMap)) // @range-func-library
}
