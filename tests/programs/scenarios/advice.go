package main

import "fmt"

// Y1 to Y6: pieces of advice, most of them with the variant that is said to be better.

//go:noinline
func y1() {
	local := 2
	func() { // @Y1-closure
		fmt.Fprintln(out, local) // @Y1-print
	}() // @Y1-call
}

type empty struct{}

func (*empty) Name() string { return "empty" }

type named interface{ Name() string }

func callY2() { y2() }

//go:noinline
func y2() named {
	return &empty{} // @Y2
}

func callY3pointer() { y3pointer() }

//go:noinline
func y3pointer() *int {
	local := 1000 // @Y3-pointer
	return &local
}

func callY3value() { y3value() }

//go:noinline
func y3value() int {
	local := 1000 // @Y3-value
	return local
}

//go:noinline
func y4capture() {
	local := 10
	done := make(chan struct{}) // @Y4-capture-channel
	go func() {                 // @Y4-capture-closure
		fmt.Fprintln(out, local) // @Y4-capture-print
		done <- struct{}{}
	}()
	<-done
}

//go:noinline
func y4parameter() {
	local := 10
	done := make(chan struct{}) // @Y4-parameter-channel
	go func(value int) {        // @Y4-parameter-closure
		fmt.Fprintln(out, value) // @Y4-parameter-print
		done <- struct{}{}
	}(local) // @Y4-parameter-call
	<-done
}

type pair struct{ first, second int }

func callY5pointer() { y5pointer() }

//go:noinline
func y5pointer() *pair {
	return &pair{first: 1, second: 2} // @Y5-pointer
}

func callY5value() { y5value() }

//go:noinline
func y5value() pair {
	return pair{first: 1, second: 2} // @Y5-value
}

type quiet struct{}

func (*quiet) Name() string { return "quiet" }

// A second type behind the variable keeps the compiler from calling the method directly.
var preferQuiet bool

//go:noinline
func y6interface() {
	var speaker named = &empty{} // @Y6-interface
	if preferQuiet {
		speaker = &quiet{} // @Y6-interface-other
	}
	speaker.Name()
}

//go:noinline
func y6concrete() {
	speaker := &empty{} // @Y6-concrete
	speaker.Name()
}
