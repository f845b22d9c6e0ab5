// Lib is a C library, or an archive, written in Go, that allocates from its very beginning.
package main

import "C"

import "runtime"

type thing struct{ a, b, c uint64 }

var sink *thing

func init() {
	for i := 0; i < 1013; i++ {
		sink = &thing{a: 1} // @lib-init
	}
}

// Burst allocates n objects.
//
//export Burst
func Burst(n int) {
	for i := 0; i < n; i++ {
		sink = &thing{a: 2} // @lib-burst
	}
}

// Mallocs is how many objects this runtime has made.
//
//export Mallocs
func Mallocs() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

func main() {}
