//! What GnuPG and the stock helm have signed, against every form of keyring; and what is signed here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::Path};

use naru_provenance::{Error, Keyring, Signer, open};

/// 22 November 2026, in seconds since 1970.
const NOW: u32 = 1_795_305_600;
const DAY: u32 = 24 * 60 * 60;
const RINGS: [&str; 4] = ["public.gpg", "public.kbx", "public.asc", "secret.gpg"];

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).unwrap()
}

fn ring(name: &str) -> Keyring {
    Keyring::read(name, &read(&format!("keys/{name}"))).unwrap()
}

/// The names of who signed a text, or why it does not count.
fn opened(ring: &Keyring, text: &[u8], now: u32) -> Result<String, String> {
    let opened = open(ring, text, now).map_err(|error| error.to_string())?;
    assert!(opened.text.contains("files:\n  web-0.1.0.tgz: sha256:"), "{}", opened.text);
    Ok(format!("{} {}", opened.names.join(", "), opened.fingerprint))
}

#[test]
fn signatures_of_others_are_verified_with_every_form_of_keyring() {
    let table = [
        ("gpg-sha256", Ok("Ann Nolock <ann@x.y> BF7203776003FB6D660D7F395A050CB2FFC937AD")),
        ("gpg-both", Ok("Ann Nolock <ann@x.y> BF7203776003FB6D660D7F395A050CB2FFC937AD")),
        (
            "gpg-two",
            Ok("Two Names <two@z.y>, Second Name <second@z.y> 46D79BBE272F5156BB9BDD2AC7061A71EFFD87D2"),
        ),
        ("gpg-big", Ok("Big Key <big@z.y> 38872D6A7475FE399892CB7A33C166FD90E6E66D")),
        ("gpg-sub", Ok("Sub Key <sub@x.y> BDDCCF4E9BBEF19F5922045A5C7EECEBFDC0E26D")),
        ("gpg-old", Err("openpgp: key expired")),
        ("gpg-rita", Err("openpgp: signature made by revoked key")),
        ("helm-ann", Ok("Ann Nolock <ann@x.y> BF7203776003FB6D660D7F395A050CB2FFC937AD")),
        ("helm-bob", Ok("Bob Locked <bob@x.y> 535F91ADCA4D1D5C931C6BC9A343DA27C996E6E6")),
        ("helm-ed", Ok("Ed Curve <ed@x.y> D064DFB219B1137A03C07402D22225E91E3675E6")),
        ("helm-nick", Ok("Nick Curve <nick@x.y> 5BE26ED0D9225DE0FEBF28344818D6796926AE3F")),
        ("helm-dora", Ok("Dora Dsa <dsa@x.y> E2A15F7332820FE903A1597B7EBBF697FF048D29")),
        ("helm-sub", Err("openpgp: signature made by unknown entity")),
    ];
    for name in RINGS {
        let ring = ring(name);
        for (text, expected) in table {
            let found = opened(&ring, &read(&format!("texts/{text}.asc")), NOW);
            assert_eq!(found, expected.map(String::from).map_err(String::from), "{text} with {name}");
        }
    }
    let only_ed = ring("ed.gpg");
    let both = opened(&only_ed, &read("texts/gpg-both.asc"), NOW).unwrap();
    assert!(both.starts_with("Ed Curve"), "the second signature counts too: {both}");
    let others = open(&only_ed, &read("texts/helm-ann.asc"), NOW);
    assert_eq!(others, Err(Error::UnknownSigner));
}

#[test]
fn changed_texts_do_not_count() {
    let ring = ring("public.gpg");
    for (signer, algorithm) in [("ann", "RSA"), ("ed", "EdDSA"), ("nick", "ECDSA"), ("dora", "DSA")] {
        let text = String::from_utf8(read(&format!("texts/helm-{signer}.asc"))).unwrap();
        let changed = text.replace("1.16.0", "1.16.1");
        let expected = format!("openpgp: invalid signature: {algorithm} verification failure");
        assert_eq!(opened(&ring, changed.as_bytes(), NOW), Err(expected));
        for same in
            [format!("before\n{text}\nafter\n"), text.replace('\n', "\r\n"), text.replace("SHA512", "SHA1")]
        {
            assert!(opened(&ring, same.as_bytes(), NOW).is_ok(), "{same}");
        }
        for none in ["", "plain", &text.replace("Hash:", "Comment:")] {
            assert_eq!(open(&ring, none.as_bytes(), NOW), Err(Error::NoSignature));
        }
    }
}

#[test]
fn time_passes() {
    let ring = ring("public.gpg");
    let text = read("texts/gpg-expiring.asc");
    for (now, expected) in [
        (NOW, Ok(())),
        (NOW + 2 * DAY, Err("openpgp: signature expired")),
        (NOW - 60, Err("openpgp: signature expired")),
        (NOW - DAY, Err("openpgp: key expired")),
    ] {
        let found = open(&ring, &text, now).map(drop).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(String::from), "{now}");
    }
}

#[test]
fn what_is_signed_here_opens() {
    let (secret, public) = (ring("secret.gpg"), ring("public.gpg"));
    let text = "name: web  \n- dash\n\n...\nfiles:\n  web-0.1.0.tgz: sha256:00\n";
    for (id, passphrase) in [
        ("ann", ""),
        ("Bob Locked <bob@x.y>", "secret"),
        ("Ed", ""),
        ("nick", "unused"),
        ("dsa", ""),
        ("big", ""),
    ] {
        let signer = Signer::find(&secret, id).unwrap();
        assert_eq!(signer.locked().is_some(), passphrase == "secret", "{id}");
        let signed = signer.sign(passphrase.as_bytes(), text, NOW).unwrap();
        assert!(signed.ends_with("-----END PGP SIGNATURE-----"), "{signed}");
        let opened = open(&public, signed.as_bytes(), NOW).unwrap();
        assert_eq!(opened.text, text.replace("  \n", "\n"));
        assert!(opened.names[0].contains(signer.locked().unwrap_or_default()));
    }
}

#[test]
fn what_cannot_sign_is_said() {
    let (secret, public) = (ring("secret.gpg"), ring("public.gpg"));
    for (ring, id, expected) in [
        (&secret, "x.y", Error::Ambiguous("x.y".into())),
        (&secret, "nobody", Error::NoKey),
        (&public, "ann", Error::NotPrivate),
    ] {
        assert_eq!(Signer::find(ring, id).map(drop).unwrap_err(), expected, "{id}");
    }
    let bob = Signer::find(&secret, "bob").unwrap();
    assert_eq!(bob.sign(b"wrong", "text", NOW), Err(Error::WrongPassphrase));
}

#[test]
fn what_is_no_keyring_is_refused() {
    let public = read("keys/public.gpg");
    let armored = String::from_utf8(read("keys/public.asc")).unwrap();
    let keybox = read("keys/public.kbx");
    let cut = &armored[..armored.len() / 2];
    for (data, expected) in [
        (&b"secret\n"[..], "openpgp: invalid data: tag byte does not have MSB set"),
        (&[&public[..], b"text"].concat(), "openpgp: invalid data: tag byte does not have MSB set"),
        (&keybox[..32], "reading keybox k: keybox contains no OpenPGP keys"),
        (cut.as_bytes(), "reading armored keyring k: unexpected EOF"),
        (
            &read("texts/helm-ann.asc"),
            "reading armored keyring k: expected a public or private key block, got \"PGP SIGNED MESSAGE\"",
        ),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", "reading armored keyring k: unexpected EOF"),
    ] {
        assert_eq!(Keyring::read("k", data).map(drop).unwrap_err().to_string(), expected);
    }
    assert_eq!(open(&Keyring::default(), &read("texts/helm-ann.asc"), NOW), Err(Error::UnknownSigner));
    assert!(Keyring::read("empty", b"").is_ok());
    // A keyring that ends within a key still has those before.
    let cut = Keyring::read("cut", &public[..3000]).unwrap();
    assert!(open(&cut, &read("texts/helm-ann.asc"), NOW).is_ok());
}
