package main

import "C"

import (
	"os"

	"example.com/symbols/truth"
)

//export callback
func callback(n C.int) C.int {
	truth.Stack("through C")
	return n
}

//export SymbolsRun
func SymbolsRun() {
	truth.Run()
	if os.Args[len(os.Args)-1] == "truth" {
		throughC()
		truth.Flush()
	}
}

func main() { SymbolsRun() }
