package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// outFile is a file that appears under its name when it is whole, or not at
// all. Its name's end says whether it is compressed: .gz, .zst.
type outFile struct {
	*bufio.Writer
	path string
	file *os.File
	// partial is the name until the file is whole; empty for what is no
	// regular file (a pipe, a device), which is written as it is.
	partial string
	packer  io.WriteCloser
}

// createOutput starts a file, with the folders it lies in.
func createOutput(path string) (*outFile, error) {
	o := &outFile{path: path}
	target := path
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, outputError(fmt.Errorf("creating %s: %w", path, err))
		}
		target = path + ".partial"
		o.partial = target
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, outputError(fmt.Errorf("creating: %w", err))
	}
	o.file = f
	var w io.Writer = f
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		o.packer = gzip.NewWriter(f)
	case ".zst", ".zstd":
		if o.packer, err = zstd.NewWriter(f, zstd.WithEncoderConcurrency(1)); err != nil {
			o.discard()
			return nil, fmt.Errorf("compressing %s: %w", path, err)
		}
	}
	if o.packer != nil {
		w = o.packer
	}
	o.Writer = bufio.NewWriterSize(w, 256<<10)
	return o, nil
}

// commit gives the file its name.
func (o *outFile) commit() error {
	err := o.Flush()
	if o.packer != nil {
		err = errors.Join(err, o.packer.Close())
	}
	err = errors.Join(err, o.file.Close())
	if err == nil && o.partial != "" {
		err = os.Rename(o.partial, o.path)
	}
	if err != nil {
		o.remove()
		return outputError(fmt.Errorf("writing %s: %w", o.path, err))
	}
	o.file = nil
	return nil
}

// discard takes away what is not whole. After commit it does nothing.
func (o *outFile) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	o.remove()
}

func (o *outFile) remove() {
	o.file = nil
	if o.partial != "" {
		_ = os.Remove(o.partial)
	}
}
