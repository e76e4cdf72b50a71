import Foundation
import Testing

/// Writes the simplest PNG there is: grey, not compressed (RFC 2083, RFC 1950, RFC 1951).
enum PNG {
    static func grey(width: Int, height: Int) -> Data {
        let row = [UInt8(0)] + (0..<width).map { UInt8($0 * 255 / width) }
        let pixels = Array(repeatElement(row, count: height).joined())
        var stream: [UInt8] = [0x78, 0x01]
        for begin in stride(from: 0, to: pixels.count, by: 65_535) {
            let block = pixels[begin..<min(begin + 65_535, pixels.count)]
            let count = UInt16(block.count)
            stream += [block.endIndex == pixels.count ? 1 : 0, UInt8(count & 0xff), UInt8(count >> 8)]
            stream += [UInt8(~count & 0xff), UInt8(~count >> 8)] + block
        }
        stream += bytes(adler(pixels))
        let header = bytes(UInt32(width)) + bytes(UInt32(height)) + [8, 0, 0, 0, 0]
        let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        return Data(signature + chunk("IHDR", header) + chunk("IDAT", stream) + chunk("IEND", []))
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return bytes(UInt32(data.count)) + body + bytes(crc(body))
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func crc(_ data: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in data {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1 }
        }
        return ~crc
    }

    private static func adler(_ data: [UInt8]) -> UInt32 {
        var a: UInt32 = 1
        var b: UInt32 = 0
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }
}

/// Reads the measures of a JPEG.
enum JPEG {
    /// Width and height, from the frame header (ITU-T T.81, B.2.2).
    static func size(of path: String) throws -> [Int] {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try #require(data.starts(with: [0xff, 0xd8]), "\(path) is no JPEG")
        var place = 2
        while place + 8 < data.count {
            let marker = data[place + 1]
            if (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker) {
                return [
                    Int(data[place + 7]) << 8 | Int(data[place + 8]), Int(data[place + 5]) << 8 | Int(data[place + 6]),
                ]
            }
            place += 2 + (Int(data[place + 2]) << 8 | Int(data[place + 3]))
        }
        throw CocoaError(.fileReadCorruptFile)
    }
}
