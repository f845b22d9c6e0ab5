// Clib is a C library written in Go: the runtime lives in a file that some C program loads.
package main

import "C"

type thing struct{ a, b, c uint64 }

var sink *thing

//export Burst
func Burst(n C.int) {
	for i := 0; i < int(n); i++ {
		sink = &thing{a: 1} // @clib
	}
}

func main() {}
