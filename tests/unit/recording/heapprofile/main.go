// Saves the profiles that test_recording.c reads: known allocations, every one of them sampled.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

type block [96]byte

var sink *block
var slices [][]int

//go:noinline
func blocks(n int) {
	for i := 0; i < n; i++ {
		sink = new(block)
	}
}

//go:noinline
func ints(n int) {
	for i := 0; i < n; i++ {
		slices[i] = make([]int, 10+n%2)
	}
}

func save(name, file string, debug int) {
	f, err := os.Create(file)
	if err != nil {
		panic(err)
	}
	if err := pprof.Lookup(name).WriteTo(f, debug); err != nil {
		panic(err)
	}
	f.Close()
}

func main() {
	runtime.MemProfileRate = 1
	slices = make([][]int, 503)
	blocks(1009)
	ints(503)
	runtime.GC()
	save("allocs", os.Args[1]+"/allocs.pb.gz", 0)
	save("heap", os.Args[1]+"/heap.txt", 1)
	save("goroutine", os.Args[1]+"/goroutine.pb.gz", 0)
}
