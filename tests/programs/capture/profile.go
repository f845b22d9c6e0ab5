//go:build profile

package main

import (
	"os"
	"runtime/pprof"
	"time"
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
	// Long enough that every way through the allocator is hot.
	for begun := time.Now(); time.Since(begun) < 3*time.Second; nExpected = 0 {
		for _, c := range categories {
			if c.alone {
				c.run()
			}
		}
		looped(100000)
	}
}

func stopProfile() { pprof.StopCPUProfile() }
