package main

// int symbols_in_c(int n) { return n * 2; }
import "C"

import "example.com/symbols/truth"

func main() {
	if C.symbols_in_c(2) == 4 {
		truth.Run()
	}
}
