// Nocompile does not compile.
package main

func main() {
	var number int = "a string"
	missing(number)
}
