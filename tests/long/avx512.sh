#!/usr/bin/env bash
# The AVX-512 objects, on a machine that lacks AVX-512: Bochs emulates a Skylake-X, which boots a
# Linux of Debian with nothing in it but the tests of the kernels and the program. Half an hour to an hour.
# Needs the packages below and, for the kernel, Debian's archive; skipped where they are missing.
. tests/lib.sh

what="AVX-512 gives the bits of the scalar oracle, emulated"
packages="bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso busybox-static cpio"
tests=(test_program_kern test_gibbs test_optimiser test_batches test_read_noise test_kern test_conv)
root=$TMP/root disc=$TMP/disc
mkdir -p "$root"/{bin,dev,proc,tmp} "$disc/isolinux"

install_program() { # with the libraries that it loads
    local library
    cp "$1" "$root/bin/"
    for library in $(ldd "$1" | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
}

make_disc() {
    local image
    cp /bin/busybox "$root/bin/"
    install_program "$NUDGE"
    for test in "${tests[@]}"; do
        install_program "$OBJ/tests/unit/$test"
    done
    # as tests/cli/isa.sh
    cat >"$root/spec.yaml" <<END
campaign: isa
base:
  data: {name: synthetic, train: 60, validation: 20, test: 40}
  model: {kind: ep-prototypical, layers: [784, 21, 13, 10]}
  ep: {T: 10, K: 5, beta: 0.3}
  train: {epochs: 1, batch: 17, rates: 0.05}
cases:
  - {name: ideal, ep.tolerance: 0.001}
  - {name: noisy, device.kind: ernoult, device.c2c: 0.01, device.d2d: 0.2}
  - {name: joint, model.kind: drbm, model.layers: [784, 21, 10], device.kind: ernoult, device.c2c: 0.01, program.scheme: rprop}
END
    echo "${tests[@]}" >"$root/tests"
    # merging compares every number of every trial and refuses a difference
    cat >"$root/init" <<'END'
#!/bin/busybox sh
busybox() { /bin/busybox "$@"; }
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
cd /tmp
NUDGE_ISA=avx512 /bin/nudge info && echo GUEST avx512 usable
for test in $(busybox cat /tests); do
    if /bin/$test; then echo "GUEST $test passed"; else echo "GUEST $test failed"; fi
done
for isa in scalar avx512; do
    NUDGE_ISA=$isa /bin/nudge run /spec.yaml -o $isa && echo "GUEST $isa ran"
done
/bin/nudge merge scalar avx512 -o both && echo "GUEST campaigns agree"
busybox sleep 3
echo GUEST ends
busybox sleep 3
busybox poweroff -f
END
    chmod +x "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet) | gzip >"$disc/initrd" || return 1
    # the kernel's package is unpacked, not installed
    image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image\)/\1/p' | head -n 1)
    (cd "$TMP" && apt-get download "$image" && dpkg-deb -x ./"$image"*.deb kernel) || return 1
    cp "$TMP"/kernel/boot/vmlinuz-* "$disc/vmlinuz" || return 1
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$disc/isolinux/"
    # Linux trusts the layout of saved registers only when it adds up; in Bochs 2.7 it does in
    # the standard format, without XSAVEC and XSAVES
    cat >"$disc/isolinux/isolinux.cfg" <<END
default nudge
prompt 0
label nudge
 kernel /vmlinuz
 append initrd=/initrd console=ttyS0 quiet mitigations=off clearcpuid=321,323 tsc=reliable lpj=1000000 panic=-1
END
    xorriso -as mkisofs -quiet -o "$TMP/disc.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
        -boot-load-size 4 -boot-info-table "$disc"
}

emulate() {
    cat >"$TMP/bochsrc" <<END
megs: 512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_skylake_x, count=1, ips=50000000
clock: sync=none
boot: cdrom
ata0-master: type=cdrom, path=$TMP/disc.iso, status=inserted
com1: enabled=1, mode=file, dev=$TMP/serial
display_library: term
log: $TMP/bochs.log
END
    echo c >"$TMP/debugger" # Debian's Bochs starts in its debugger: continue
    # its display wants a terminal
    TERM=vt100 timeout 7200 script -qec "stty rows 60 cols 132; bochs -q -f $TMP/bochsrc -rc $TMP/debugger" \
        "$TMP/screen" >/dev/null
    grep -q 'GUEST ends' "$TMP/serial" || { cat "$TMP/serial" && return 1; }
}

guest() { grep -a -q "$1" "$TMP/serial" || { tail -n 40 "$TMP/serial" && return 1; }; }

missing() { # the first package that is not installed
    local package
    for package in $packages; do
        dpkg -s "$package" >/dev/null 2>&1 || { echo "$package" && return; }
    done
}

if grep -qw avx512f /proc/cpuinfo; then
    skip "$what" "this machine has AVX-512: make check runs the same tests on it"
elif [ -n "$(missing)" ]; then
    skip "$what" "it needs the packages $packages"
else
    check "the tests are built" make -s "${tests[@]/#/$OBJ/tests/unit/}"
    check "a disc with Linux, the program and its tests" make_disc
    check "Bochs runs it to its end" emulate
    check "... with AVX-512, which the program takes" guest 'GUEST avx512 usable'
    for test in "${tests[@]}"; do
        check "$test: all ISAs give the same bits" guest "GUEST $test passed"
    done
    check "a campaign runs with AVX-512" guest 'GUEST avx512 ran'
    check "... and every number of its results is the scalar oracle's" guest 'GUEST campaigns agree'
fi
finish
