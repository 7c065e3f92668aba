import Foundation

/// Reads the three date formats of HTTP (RFC 9110, section 5.6.7).
///
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
enum HTTPDate {
    /// The moment that `text` names; nil when it is no HTTP date.
    static func date(from text: String) -> Date? {
        let words = text.split { " ,-:".contains($0) }.map(String.init)
        let zone = words.count == 8 ? words[7] : "GMT"
        guard words.count == 7 || words.count == 8, ["GMT", "UTC"].contains(zone.uppercased()) else { return nil }
        return if let month = month(words[1]), words.count == 7 {
            date(year: words[6], month: month, day: words[2], time: words[3...5])
        } else if let month = month(words[2]) {
            date(year: words[3], month: month, day: words[1], time: words[4...6])
        } else {
            nil
        }
    }

    private static func month(_ word: String) -> Int? {
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            .firstIndex(of: word.lowercased()).map { $0 + 1 }
    }

    private static func date(year: String, month: Int, day: String, time: ArraySlice<String>) -> Date? {
        let clock = time.compactMap { Int($0) }
        guard let day = Int(day), var year = Int(year), clock.count == 3, 1...31 ~= day,
            0...23 ~= clock[0], 0...59 ~= clock[1], 0...60 ~= clock[2]
        else { return nil }
        // Two digits: the format is from the last century and such years mean 1970 to 2069.
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        guard 1970...9999 ~= year else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
        return Date(timeIntervalSince1970: Double(seconds))
    }

    /// Days since 1970-01-01 in the Gregorian calendar, counting years from March so that a leap day comes last.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
