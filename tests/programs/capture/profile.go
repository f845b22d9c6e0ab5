//go:build profile

package main

import (
	"os"
	"runtime/pprof"
)

// In builds of their own, because runtime/pprof changes which parts of the runtime are linked.
func startProfile(name string) {
	f, err := os.Create(name)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		os.Stderr.WriteString("capture: " + err.Error() + "\n")
		os.Exit(1)
	}
}

func stopProfile() { pprof.StopCPUProfile() }
