// Allocbench allocates small objects at a given stack depth, at full speed, and prints nanoseconds per object: what a probe costs is the difference.
//
//	allocbench [-n OBJECTS] [-depth FRAMES] [-memprofile-rate RATE]
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

type node struct {
	next  *node
	value [3]uint64
}

var sink [4]*node

// descend goes down to the wanted depth and allocates there, from one of four lines.
//
//go:noinline
func descend(depth, n int) int {
	var frame [8]uint64 // an ordinary frame of about a hundred bytes
	frame[n&7] = uint64(depth)
	if depth > 1 {
		return descend(depth-1, n) + int(frame[(n+1)&7])
	}
	for i := 0; i+4 <= n; i += 4 {
		sink[0] = &node{}
		sink[1] = &node{value: [3]uint64{1}}
		sink[2] = &node{next: sink[0]}
		sink[3] = new(node)
	}
	return int(frame[0])
}

func main() {
	n := flag.Int("n", 1000000, "objects")
	depth := flag.Int("depth", 16, "frames above the allocator")
	rate := flag.Int("memprofile-rate", -1, "runtime.MemProfileRate")
	flag.Parse()
	if *rate >= 0 {
		runtime.MemProfileRate = *rate
		runtime.MemProfile(nil, true) // keeps the linker from removing the profiler
	}
	// main.main and runtime.main and goexit are part of the stack.
	descend(*depth-3, 4000)
	start := time.Now()
	descend(*depth-3, *n)
	fmt.Fprintf(os.Stdout, "%.2f\n", float64(time.Since(start).Nanoseconds())/float64(*n))
}
