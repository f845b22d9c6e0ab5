package main

import "example.com/diagnostics/lib"

func fresh(n int) *int { // @fresh
	return &n
}

func twice() { // @twice
	pointer = lib.New() // @twice-first
	pointer = lib.New() // @twice-second
}

//go:noinline
func inlined() {
	pointer = fresh(1)  // @inlined-fresh
	twice()             // @inlined-twice
	pointer = lib.New() // @inlined-new
	lib.Keep()          // @inlined-keep
}
