// Generate writes a random Go program, of which every statement that may allocate is measured by the runtime's own counters,
// and holds the audit of it against them.
//
//	generate write -seed 1 -go 22 -n 200 DIR      writes the module into DIR, and DIR/table.json
//	generate judge DIR TRUTH AUDIT                TRUTH: what the program wrote; AUDIT: what escaudit audit --json --all printed
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("write or judge?"))
	}
	switch os.Args[1] {
	case "write":
		flags := flag.NewFlagSet("write", flag.ExitOnError)
		seed := flags.Int64("seed", 1, "the same seed gives the same program")
		minor := flags.Int("go", 19, "minor version of Go it is for")
		n := flags.Int("n", 200, "statements")
		flags.Parse(os.Args[2:])
		fail(generate(*seed, *minor, *n, flags.Arg(0)))
	case "judge":
		if len(os.Args) != 5 {
			fail(fmt.Errorf("judge DIR TRUTH AUDIT"))
		}
		wrong, err := judge(os.Args[2], os.Args[3], os.Args[4])
		fail(err)
		if wrong {
			os.Exit(1)
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(2)
	}
}
