// Assigned has values that are made where a variable gets them: declared with it, side by side, and by what a package's
// variable begins with; and bytes of sums.
package main

import (
	"os"

	"example.com/escaudit/kinds/option"
)

const calls = 10

type pair struct{ a, b int }

type list []pair

type table map[int][]string

type out struct{ file *os.File }

type logger struct {
	out   interface{}
	first *pair
	table table
	level int
}

var (
	pairsSink       []pair
	listSink        list
	left, right     interface{}
	bytesSink       []byte
	number          int
	names           *option.Node[string]
	numbers, others []int
	boxed           [2]interface{}
	standard        = newLogger() // @standard
	ahead, and, two = []pair{{len(os.Args), 1}, {}}, len(os.Args), list{{len(os.Args), 2}}
)

func newLogger() *logger {
	return &logger{
		out:   out{os.Stderr},
		first: new(pair),   // @made
		table: make(table), // @table
	}
}

//go:noinline
func declared(n int) {
	var pairs = []pair{{n, 1}, {1, n}} // @declared
	pairsSink = pairs
	var typed []pair = []pair{{n, 1}} // @declared-typed
	pairsSink = typed
	var number, others = n + 1, list{{n, 2}} // @declared-second
	listSink, pairsSink[0].a = others, number
	var (
		grouped = append([]pair{{n, 3}, {}, {}}, pair{}) // @declared-append
	)
	pairsSink = grouped
}

//go:noinline
func together(n int) {
	var first, second = []pair{{n, 1}, {}}, list{{n, 2}} // @together-declared
	pairsSink, listSink = first, second
	third, fourth := []pair{{n, 1}, {}}, list{{n, 2}} // @together-defined
	pairsSink, listSink = third, fourth
	pairsSink, listSink = []pair{{n, 1}}, list{{n, 2}, {}} // @together-assigned
}

//go:noinline
func returned(n int) ([]pair, int, list) {
	return []pair{{n, 1}, {}}, n, list{{n, 2}} // @together-returned
}

//go:noinline
func sums(s string) {
	bytesSink = []byte("a beginning, and " + s)      // @sum
	bytesSink = []byte(s + " and an end")            // @sum-end
	bytesSink = []byte(("a beginning, " + s) + ".")  // @sum-nested
	bytesSink = []byte("only a beginning"[:len(s)])  // @part
	bytesSink = []byte("a constant")                 // @constant
	boxed[0] = []byte("a beginning, and boxed " + s) // @sum-boxed
	boxed[1] = []byte(s)                             // @boxed
}

func main() {
	for i := 0; i < calls; i++ {
		declared(i)
		together(i)
		pairsSink, boxed[0], listSink = returned(i)
		sums(os.Args[0][:10])
		number += len(option.Describe(os.Args[0], int64(1000+i))) // @described
		numbers, others = option.Lists(i)                         // @listed
		option.Keep(int64(i))
		names = option.Push(names, os.Args[0])
		number += option.New(option.With(os.Args[0], "b"))
	}
	left, right = standard.level, ahead // @boxed-together
}
