//! `naru bundle registry`: logins to OCI registries, in Helm's own configuration.

use std::{io::Read, path::PathBuf};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use naru_release::fetch::Access;

use super::{chart_flags::AccessFlags, global::GlobalArgs, terminal};

/// Log in to and out of OCI registries.
#[derive(Clone, Debug, Args)]
pub struct RegistryArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Log in to a registry.
    Login(Box<LoginArgs>),
    /// Log out of a registry.
    Logout {
        /// HOST[:PORT].
        host: String,
    },
}

#[derive(Clone, Debug, Args)]
struct LoginArgs {
    /// HOST[:PORT].
    host: String,
    /// The user.
    #[arg(long, short, value_name = "NAME", default_value = "", hide_default_value = true)]
    username: String,
    /// The password.
    #[arg(long, short, value_name = "TEXT", default_value = "", hide_default_value = true)]
    password: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Accept any certificate.
    #[arg(long)]
    insecure: bool,
    /// Talk to it without TLS.
    #[arg(long)]
    plain_http: bool,
    /// Trust this certificate authority, PEM.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Show this certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
}

impl RegistryArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        match self.what {
            What::Login(args) => args.run(global).await,
            What::Logout { host } => {
                println!("Removing login credentials for {host}");
                Ok(global.fetcher(Access::default()).logout(&host)?)
            }
        }
    }
}

impl LoginArgs {
    async fn run(mut self, global: &GlobalArgs) -> Result<()> {
        if !self.password.is_empty() {
            eprintln!("level=WARN msg=\"using --password via the CLI is insecure. Use --password-stdin\"");
        }
        if self.password_stdin {
            self.password.clear();
            std::io::stdin().read_to_string(&mut self.password)?;
            self.password.truncate(self.password.trim_end_matches(['\r', '\n']).len());
        }
        if terminal::is_there() {
            if self.username.is_empty() {
                self.username = terminal::line("Username: ")?;
            }
            if self.password.is_empty() {
                self.password = terminal::hidden_line("Password: ")?;
            }
        }
        if self.username.is_empty() || self.password.is_empty() {
            bail!("a user and a password are needed: --username NAME --password-stdin");
        }
        let access = AccessFlags {
            username: self.username,
            password: self.password,
            insecure_skip_tls_verify: self.insecure,
            plain_http: self.plain_http,
            ca_file: self.ca_file,
            cert_file: self.cert_file,
            key_file: self.key_file,
        };
        global.fetcher(access.access()).login(&self.host).await?;
        println!("Login Succeeded");
        Ok(())
    }
}
