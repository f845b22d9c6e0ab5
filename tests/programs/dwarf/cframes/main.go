// Calls into C, where one function is inlined into another; C prints what it knows of its own frames.
package main

// #include "frames.h"
import "C"

func main() {
	C.show_frames(3)
}
