/// Certificates made for tests with `openssl ca`; nothing trusts them, and their keys are no secret.
enum TestCertificates {
    /// Signs all the others.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBqTCCAU+gAwIBAgIUApYSom1/X9zUTeOj97mxNLSZGpwwCgYIKoZIzj0EAwIw
        ITEfMB0GA1UEAwwWQ2FwdGlvbiBUZXN0IEF1dGhvcml0eTAgFw0yNjExMjYwNjI1
        MzVaGA8yMTI2MTEwMjA2MjUzNVowITEfMB0GA1UEAwwWQ2FwdGlvbiBUZXN0IEF1
        dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIomY4ubIkM9xxfT5MWO
        lv9wp0V5Puc8f2h8ugnmWKMYuUTrNnzsjLnooQlJy3Jqm14zjbOb1Yv5KcG3O0RD
        Dn2jYzBhMB0GA1UdDgQWBBR44vRqO6L9W9n3dQOj4+sJG7EyIzAfBgNVHSMEGDAW
        gBR44vRqO6L9W9n3dQOj4+sJG7EyIzAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB
        /wQEAwIBBjAKBggqhkjOPQQDAgNIADBFAiACn6ONkk57BPKnbbZ7PqggyGIIP4GZ
        L1mpzUM9CCOgIgIhAOpXVPwuVdVqEymojiJzdJ3SoIBewnCxFjOWarJSAjnu
        -----END CERTIFICATE-----
        """
    /// For localhost and 127.0.0.1, from 2020 to 2126.
    static let server = """
        -----BEGIN CERTIFICATE-----
        MIIBpTCCAUqgAwIBAgIBCTAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZDYXB0aW9u
        IFRlc3QgQXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAw
        WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AATRmVyqNUjpRXb+yFyJj6g6THKbVWEmbHlq4a1nYVtXptDVoZhmmsjP7bVc5Gy+
        rD9jJ2ZM4M19CtnAmY1JEFjho34wfDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8A
        AAEwCQYDVR0TBAIwADATBgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUYkKz
        nRCHZ0dSmru7CGVUFFTF3FIwHwYDVR0jBBgwFoAUeOL0ajui/VvZ93UDo+PrCRux
        MiMwCgYIKoZIzj0EAwIDSQAwRgIhALbmzcu9Lbe74LWOICZWEWzkjvdAjFh6P2tu
        phdLO24gAiEAii/FfNIEkvol71KDzOyFxFPyfguzZwZcZM6c3LMj7Nw=
        -----END CERTIFICATE-----
        """
    /// For the same, until 2021.
    static let expired = """
        -----BEGIN CERTIFICATE-----
        MIIBoTCCAUagAwIBAgIBBjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZDYXB0aW9u
        IFRlc3QgQXV0aG9yaXR5MB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFow
        EjEQMA4GA1UEAwwHZXhwaXJlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNGZ
        XKo1SOlFdv7IXImPqDpMcptVYSZseWrhrWdhW1em0NWhmGaayM/ttVzkbL6sP2Mn
        ZkzgzX0K2cCZjUkQWOGjfjB8MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAJ
        BgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBRiQrOdEIdn
        R1Kau7sIZVQUVMXcUjAfBgNVHSMEGDAWgBR44vRqO6L9W9n3dQOj4+sJG7EyIzAK
        BggqhkjOPQQDAgNJADBGAiEA7WI58mZE8O5XMrZJdzVP6Y3g7xWcFG1v2fjoe5mV
        39kCIQCCU0hXQSjbuEd10f/XOvFt9PW+e2cOM3xkT5t+H7shBQ==
        -----END CERTIFICATE-----
        """
    /// For the same, from 2120 on.
    static let early = """
        -----BEGIN CERTIFICATE-----
        MIIBozCCAUmgAwIBAgIBCTAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZDYXB0aW9u
        IFRlc3QgQXV0aG9yaXR5MCIYDzIxMjAwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAw
        MDBaMBExDzANBgNVBAMMBmZ1dHVyZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
        BNGZXKo1SOlFdv7IXImPqDpMcptVYSZseWrhrWdhW1em0NWhmGaayM/ttVzkbL6s
        P2MnZkzgzX0K2cCZjUkQWOGjfjB8MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAA
        ATAJBgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBRiQrOd
        EIdnR1Kau7sIZVQUVMXcUjAfBgNVHSMEGDAWgBR44vRqO6L9W9n3dQOj4+sJG7Ey
        IzAKBggqhkjOPQQDAgNIADBFAiEA/UILS/yoGuKEdpTuKbGBgoMHFzv2JHs3TEpW
        Qx6IxYcCIC+GLXFhVqcS9GuzptbV1TedTuzmGD3XVXVW0Yg48VtJ
        -----END CERTIFICATE-----
        """
    /// For example.com.
    static let elsewhere = """
        -----BEGIN CERTIFICATE-----
        MIIBoDCCAUagAwIBAgIBAjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZDYXB0aW9u
        IFRlc3QgQXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjYwMTAxMDAwMDAw
        WjAUMRIwEAYDVQQDDAllbHNld2hlcmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AATRmVyqNUjpRXb+yFyJj6g6THKbVWEmbHlq4a1nYVtXptDVoZhmmsjP7bVc5Gy+
        rD9jJ2ZM4M19CtnAmY1JEFjho3oweDAWBgNVHREEDzANggtleGFtcGxlLmNvbTAJ
        BgNVHRMEAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBRiQrOdEIdn
        R1Kau7sIZVQUVMXcUjAfBgNVHSMEGDAWgBR44vRqO6L9W9n3dQOj4+sJG7EyIzAK
        BggqhkjOPQQDAgNIADBFAiBsXvFiEu7mGyQsLecrKxViS7yX90Ig5MvjxIUHsz/g
        iAIhANT5D/xsufO35TG+J98hrXXtV4zBEY6dlBfR6M5kzy/t
        -----END CERTIFICATE-----
        """
    /// The key of all but the authority.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRCO/e0jyPowqeQaT
        /q1aOHBTgQ0ps/n1Lc9J3CW7jJ+hRANCAATRmVyqNUjpRXb+yFyJj6g6THKbVWEm
        bHlq4a1nYVtXptDVoZhmmsjP7bVc5Gy+rD9jJ2ZM4M19CtnAmY1JEFjh
        -----END PRIVATE KEY-----
        """
}
