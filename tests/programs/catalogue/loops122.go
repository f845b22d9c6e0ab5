//go:build go1.22

package main

func init() {
	register("loop-each-variable", loopEachVariable)
	register("loop-each-range", loopEachRange)
	register("loop-each-closure", loopEachClosure)
	register("loop-each-count", loopEachCount)
}

// The line above raises this file to the language of 1.22: a variable for each turn.
//
//go:noinline
func loopEachVariable() {
	for i := 0; i < 3; i++ { // @loop-each-variable
		sinkInt = &i
	}
}

//go:noinline
func loopEachRange() {
	for _, v := range sinkLongInts[:3] { // @loop-each-range
		sinkInt = &v
	}
}

//go:noinline
func loopEachClosure() {
	for i := 0; i < 3; i++ { // @loop-each-closure.variable
		sinkFunc = func() int { i := i; return i } // @loop-each-closure
	}
}

//go:noinline
func loopEachCount() {
	for i := range 3 { // @loop-each-count
		sinkInt = &i
	}
}
