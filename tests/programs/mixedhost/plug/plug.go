// Plug is a plugin whose Go code is called by its C code.
package main

// #include "plug.h"
import "C"

type plugObject [18]uint64

var plugged *plugObject

//export goPlugged
func goPlugged() {
	plugged = new(plugObject) // @plugged
}

// Work allocates n objects by way of C.
func Work(n int) {
	C.plug_outer(C.int(n))
}

func main() {}
