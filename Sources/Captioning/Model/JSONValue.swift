public import Foundation

/// Any JSON value: request parameters that pass through untouched, and replies of unknown shape.
///
/// Whole numbers stay whole (`7` never becomes `7.0`), because some servers refuse `7.0` for an integer parameter.
public enum JSONValue: Hashable, Sendable {
    /// JSON `null`.
    case null
    /// JSON `true` or `false`.
    case bool(Bool)
    /// A number without fraction that fits 64 bits.
    case int(Int)
    /// Any other number; never infinite or NaN.
    case double(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object; the order of keys is not kept.
    case object([String: JSONValue])

    /// Parses JSON text.
    ///
    /// - Throws: `DecodingError` when `data` is not one JSON value, or nested more than 128 deep.
    public init(parsing data: Data) throws {
        self = try JSONParser.value(of: data)
    }

    /// The member of an object, or nil when this is no object or has no such key.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The text of a string value; nil for everything else.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a whole number; nil for everything else.
    public var int: Int? {
        if case .int(let number) = self { number } else { nil }
    }

    /// The value of any number; nil for everything else.
    public var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    /// Compact JSON with sorted keys and unescaped slashes: equal values give equal bytes.
    public var canonicalData: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding cannot fail: every case is representable and doubles are finite by construction.
        return (try? encoder.encode(self)) ?? Data("null".utf8)
    }
}

extension JSONValue: Codable {
    /// Decodes any JSON value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // The most frequent first: every type that does not fit costs the making of an error.
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else {
            self = .double(try container.decode(Double.self))
        }
    }

    /// Encodes the value as itself.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
