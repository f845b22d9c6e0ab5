package main

func init() {
	register("loop-variable", loopVariable)
	register("loop-range", loopRange)
	register("loop-closure", loopClosure)
}

// One variable for the whole loop, as the language was before 1.22.
//
//go:noinline
func loopVariable() {
	for i := 0; i < 3; i++ { // @loop-variable
		sinkInt = &i
	}
}

//go:noinline
func loopRange() {
	for _, v := range sinkLongInts[:3] { // @loop-range
		sinkInt = &v
	}
}

//go:noinline
func loopClosure() {
	for i := 0; i < 3; i++ { // @loop-closure.variable
		sinkFunc = func() int { return i } // @loop-closure
	}
}
