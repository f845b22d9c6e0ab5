//go:build heapprofile

package main

import (
	"os"
	"runtime/pprof"
)

// Asks for a heap profile, so that the linker leaves it in the program.
func init() {
	if len(os.Args) > 1 && os.Args[1] == "-heap-profile" {
		if err := pprof.WriteHeapProfile(os.Stdout); err != nil {
			panic(err)
		}
	}
}
