// Clib is a C library written in Go: the runtime lives in a file that some C program loads.
package main

import "C"

import "unsafe"

type thing struct{ a, b, c uint64 }

var sink *thing

// Burst allocates one object.
//
//export Burst
func Burst(unsafe.Pointer) {
	sink = &thing{a: 1} // @clib
}

func main() {}
