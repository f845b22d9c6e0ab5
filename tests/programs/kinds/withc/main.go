// Lines of a package with cgo.
package main

/*
#include <stdlib.h>
static int add(int a, int b) { return a + b; }
static char *text(void) { return "a text of C that is longer than thirty-two bytes"; }
*/
import "C"

import "unsafe"

var (
	intSink    *int
	stringSink string
	byteSink   []byte
)

type pair struct{ a, b int }

var (
	intsSink  []C.int
	longsSink []C.long
	mapSink   map[string]C.int
)

//go:noinline
func typesOfC(n int) {
	mapSink = map[string]C.int{"n": C.add(C.int(n), 1)}                // @c-map
	intsSink, longsSink = make([]C.int, n+1), make([]C.long, n+1)      // @c-made
	intsSink, longsSink = []C.int{C.int(n), 2}, []C.long{C.long(n), 3} // @c-literals
}

//go:noinline
func made(n int) {
	p := new(pair) // @c-new
	p.a = int(C.add(C.int(n), 1))
	intSink = &p.a
	x := n // @c-moved
	intSink = &x
}

//go:noinline
func texts() {
	stringSink = C.GoString(C.text())                  // @c-gostring
	byteSink = C.GoBytes(unsafe.Pointer(C.text()), 40) // @c-gobytes
	stringSink = C.GoStringN(C.text(), 36)             // @c-gostringn
	c := C.CString(stringSink)
	C.free(unsafe.Pointer(c))
}

func main() {
	for i := 0; i < 100; i++ {
		made(i)
		typesOfC(i % 2)
		texts()
		plain(i)
	}
}
