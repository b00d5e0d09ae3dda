package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"stampede/bench"
)

// jsonOutput is where the results go: nowhere, to a stream, or to a file,
// which is not changed until they are there.
type jsonOutput struct {
	stream io.Writer
	file   *os.File // stream, if it is to be closed
	made   bool     // the file was not there before
}

// openJSON fails before anything has been measured, if it must. The path -
// means stdout, and none that nothing is wanted.
func openJSON(path string, stdout io.Writer) (*jsonOutput, error) {
	switch path {
	case "":
		return &jsonOutput{}, nil
	case "-":
		return &jsonOutput{stream: stdout}, nil
	}
	_, err := os.Stat(path)
	made := errors.Is(err, fs.ErrNotExist)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	return &jsonOutput{file, file, made}, nil
}

// commit writes the results in place of what the file had.
func (o *jsonOutput) commit(results []bench.Result) error {
	if o.stream == nil {
		return nil
	}
	if o.file != nil {
		if info, err := o.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := o.file.Truncate(0); err != nil {
				return fmt.Errorf("json: %w", err)
			}
		}
	}
	err := bench.WriteJSON(o.stream, results)
	if o.file != nil {
		err = errors.Join(err, o.file.Close())
	}
	o.stream = nil
	if err != nil {
		return fmt.Errorf("json: %w", err)
	}
	return nil
}

// abandon leaves no empty file behind when nothing was committed.
func (o *jsonOutput) abandon() {
	if o.stream == nil || o.file == nil {
		return
	}
	o.file.Close()
	if o.made {
		os.Remove(o.file.Name())
	}
}
