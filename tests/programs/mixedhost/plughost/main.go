// Plughost loads a plugin and calls it: plughost N PLUGIN.
package main

import (
	"os"
	"plugin"
	"strconv"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	p, err := plugin.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	work, err := p.Lookup("Work")
	if err != nil {
		panic(err)
	}
	work.(func(int))(n)
}
