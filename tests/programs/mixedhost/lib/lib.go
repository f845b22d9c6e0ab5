// Lib is a library for C, written in Go: shared, or an archive that is linked into the program. What its package allocates when it is
// loaded is known, too.
package main

import "C"

type (
	firstObject [16]uint64
	workObject  [17]uint64
)

var (
	first [7]*firstObject
	work  *workObject
)

func init() {
	for i := range first {
		first[i] = new(firstObject) // @first
	}
}

// Work allocates one object.
//
//export Work
func Work() {
	work = new(workObject) // @work
}

func main() {}
