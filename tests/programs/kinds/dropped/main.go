// Functions of which the binary has nothing, or inlined copies only.
package main

import (
	"os"
	"strconv"

	"example.com/escaudit/kinds/dropped/lib"
)

var sink interface{}

func moves(n int) *int { // @dropped-moved
	return &n
}

func main() {
	for i := 1; i <= 10; i++ {
		sink = lib.Map([]int{i}, func(v int) string { return strconv.Itoa(v) })
		sink = moves(i)
		sink = struct {
			lib.Value
			other int
		}{lib.New(i), i}
		lib.New(i).MustBe(i)
	}
	println(len(os.Args))
}
