// Scenarios rebuilds the textbook cases of Go escape analysis, one function each, so that what the compiler claims about
// them can be held against what happens. Lines carry markers such as "// @K5-local" by which tests find them.
//
//	scenarios [-n CALLS] [-only ID]            call each scenario CALLS times
//	scenarios -measure [-n CALLS] [-only ID]   print heap objects and bytes per call, counted by the runtime
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// out is where scenarios print. A package variable of interface type: the compiler cannot tell what is behind it, so
// arguments handed to it escape as they would to os.Stdout, and printing itself allocates nothing.
var out io.Writer = io.Discard

type scenario struct {
	id    string
	title string
	call  func()
}

var scenarios = []scenario{
	{"K1", "literal []interface{} of constants", k1},
	{"K2", "map[string]interface{} with a constant", k2},
	{"K3", "map[interface{}]interface{} with constants", k3},
	{"K4", "map[string][]string with a literal slice", k4},
	{"K5", "[]*int holding the address of a local", k5},
	{"K6", "function value called with the address of a local", k6},
	{"A1", "address of a local returned", callA1},
	{"A2", "local string printed with %v", a2},
	{"A2b", "address of a local string printed with %p", a2b},
	{"A3", "counter closure, called at once", a3},
	{"A4-100", "make([]int, 100)", a4small},
	{"A4-1e6", "make([]int, 1000000)", a4large},
	{"A4-var", "make([]int, n), n a variable of value 10", a4variable},
	{"Y1", "closure called on the spot prints a captured local", y1},
	{"Y2", "&T{} returned as an interface, T an empty struct", callY2},
	{"Y3-pointer", "an int returned by pointer", callY3pointer},
	{"Y3-value", "an int returned by value", callY3value},
	{"Y4-capture", "goroutine captures a local", y4capture},
	{"Y4-parameter", "goroutine is given the local as a parameter", y4parameter},
	{"Y5-pointer", "two-int struct returned by pointer", callY5pointer},
	{"Y5-value", "two-int struct returned by value", callY5value},
	{"Y6-interface", "method of an empty struct called through an interface", y6interface},
	{"Y6-concrete", "the same method called directly", y6concrete},
}

func main() {
	n := flag.Int("n", 200, "calls of each scenario")
	only := flag.String("only", "", "run the scenario with this id, no other")
	measured := flag.Bool("measure", false, "print heap objects and bytes per call")
	flag.Parse()
	if flag.NArg() != 0 || *n < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ran := 0
	for _, s := range scenarios {
		if *only != "" && *only != s.id {
			continue
		}
		ran++
		if *measured {
			objects, bytes := measure(s.call, *n)
			fmt.Printf("%-14s %4d %9d  %s\n", s.id, objects, bytes, s.title)
			continue
		}
		for i := 0; i < *n; i++ {
			s.call()
		}
	}
	if ran == 0 {
		fmt.Fprintf(os.Stderr, "scenarios: no scenario %q\n", *only)
		os.Exit(2)
	}
}

// measure gives heap objects and bytes per call: the least mean of several batches of ten. What the runtime allocates for
// itself now and then only ever adds. The collector runs between batches, and the call after it fills the pools again.
func measure(call func(), n int) (objects, bytes uint64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const batch = 10
	var before, after runtime.MemStats
	objects, bytes = ^uint64(0), ^uint64(0)
	for made := 0; made < n; made += batch {
		runtime.GC()
		call()
		runtime.ReadMemStats(&before)
		for i := 0; i < batch; i++ {
			call()
		}
		runtime.ReadMemStats(&after)
		if got := (after.Mallocs - before.Mallocs + batch/2) / batch; got < objects {
			objects = got
		}
		if got := (after.TotalAlloc - before.TotalAlloc + batch/2) / batch; got < bytes {
			bytes = got
		}
	}
	return objects, bytes
}
