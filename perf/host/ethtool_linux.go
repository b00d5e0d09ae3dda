package host

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"stampede/internal/ethtool"
)

// Layouts of linux/ethtool.h, in words of the machine's byte order.
const (
	setFeatures  = 4    // ETH_SS_FEATURES
	nameBytes    = 32   // ETH_GSTRING_LEN
	maxFeatures  = 1024 // far more than there are: a driver's answer is not trusted with memory
	wordsOfBlock = 4    // struct ethtool_get_features_block: available, requested, active, never_changed
)

// features asks the driver for its offloads, by the names of ethtool -k. nil:
// it does not tell, or there is no such device.
func features(device string) map[string]Feature {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	names := featureNames(fd, device)
	blocks := (len(names) + 31) / 32
	b := make([]byte, 8+4*wordsOfBlock*blocks) // struct ethtool_gfeatures
	put(b, 0, unix.ETHTOOL_GFEATURES)
	put(b, 4, uint32(blocks))
	if len(names) == 0 || !ask(fd, device, b) {
		return nil
	}
	all := map[string]Feature{}
	for i, name := range names {
		block, bit := 8+4*wordsOfBlock*(i/32), uint32(1)<<(i%32)
		available, active, never := get(b, block), get(b, block+8), get(b, block+12)
		all[name] = Feature{Active: active&bit != 0, Fixed: available&bit == 0 || never&bit != 0}
	}
	return all
}

func featureNames(fd int, device string) []string {
	info := make([]byte, 20) // struct ethtool_sset_info with room for one count
	put(info, 0, unix.ETHTOOL_GSSET_INFO)
	binary.NativeEndian.PutUint64(info[8:], 1<<setFeatures)
	if !ask(fd, device, info) {
		return nil
	}
	count := min(get(info, 16), maxFeatures)
	b := make([]byte, 12+nameBytes*count) // struct ethtool_gstrings
	put(b, 0, unix.ETHTOOL_GSTRINGS)
	put(b, 4, setFeatures)
	put(b, 8, count)
	if count == 0 || !ask(fd, device, b) {
		return nil
	}
	names := make([]string, min(get(b, 8), count))
	for i := range names {
		names[i] = unix.ByteSliceToString(b[12+nameBytes*i:][:nameBytes])
	}
	return names
}

func put(b []byte, at int, v uint32) { binary.NativeEndian.PutUint32(b[at:], v) }
func get(b []byte, at int) uint32    { return binary.NativeEndian.Uint32(b[at:]) }

// ask sends one command, its first word, and has the answer in b.
func ask(fd int, device string, b []byte) bool {
	return ethtool.Ask(fd, device, unsafe.Pointer(&b[0])) == nil
}
