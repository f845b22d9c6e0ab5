//go:build !profile

package main

import "os"

func startProfile(string) {
	os.Stderr.WriteString("capture: -cpuprofile needs a build with -tags profile\n")
	os.Exit(2)
}

func stopProfile() {}
