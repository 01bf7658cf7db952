//! Functions of the C library that reSIDfp uses and Zig's compiler runtime lacks, as Zig's own C library has them.
const std = @import("std");

export fn log1p(x: f64) f64 {
    return std.math.log1p(x);
}

export fn pow(x: f64, y: f64) f64 {
    return std.math.pow(f64, x, y);
}

export fn tanh(x: f64) f64 {
    return std.math.tanh(x);
}
