package main

import "fmt"

// K1 to K6: six containers and calls of which it is said that what goes into them must escape.

//go:noinline
func k1() {
	list := []interface{}{11, 22} // @K1-literal
	list[0] = 33                  // @K1-assign
	fmt.Fprintln(out, list[0])    // @K1-print
}

//go:noinline
func k2() {
	values := make(map[string]interface{}) // @K2-map
	values["name"] = "constant"            // @K2-box
	fmt.Fprintln(out, values["name"])      // @K2-print
}

//go:noinline
func k3() {
	values := make(map[interface{}]interface{}) // @K3-map
	values["name"] = "constant"                 // @K3-box
	fmt.Fprintln(out, values["name"])           // @K3-print
}

//go:noinline
func k4() {
	lists := make(map[string][]string)  // @K4-map
	lists["names"] = []string{"single"} // @K4-slice
	fmt.Fprintln(out, lists["names"])   // @K4-print
}

//go:noinline
func k5() {
	local := 10                              // @K5-local
	pointers := []*int{nil}                  // @K5-slice
	pointers[0] = &local                     //
	fmt.Fprintln(out, pointers[0])           // @K5-print-pointer
	fmt.Fprintln(out, "value", *pointers[0]) // @K5-print-value
}

//go:noinline
func k6() {
	show := func(value *int) { // @K6-parameter
		fmt.Fprintln(out, *value) // @K6-inside
	}
	local := 10
	show(&local) // @K6-call
}
