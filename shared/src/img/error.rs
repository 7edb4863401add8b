//! Why a process was refused, and the OSS error that says so (`img-and-ram.md` §1.10).

use crate::error::{OssCode, OssError};

/// Why a process was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImgError {
    /// A value outside its range. The wording was measured on real OSS.
    #[error("The value: {value} of parameter: {parameter} is invalid.")]
    Value {
        /// The key (`w`), or the action's own name where it takes a bare value.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// OSS's finer code; `None` where its documentation names none.
        ec: Option<&'static str>,
    },
    /// An action that needs a value has none.
    #[error("The action {action} needs a value.")]
    Missing {
        /// The action.
        action: &'static str,
        /// OSS's finer code; `None` where its documentation names none.
        ec: Option<&'static str>,
    },
    /// An action or parameter is missing, doubled or in the wrong place.
    #[error("{problem}")]
    Shape {
        /// What is wrong.
        problem: &'static str,
        /// OSS's finer code; `None` where its documentation names none.
        ec: Option<&'static str>,
    },
    /// An action that OSS does not have.
    #[error("The action: {0} is not supported.")]
    UnknownAction(String),
    /// OSS has it, this program does not.
    #[error("{0} is not implemented; see SUPPORT.md")]
    NotImplemented(String),
    /// More actions than anybody needs; each may cost a pass over every pixel.
    #[error("the image process has too many actions")]
    TooManyActions,
    /// More image watermarks than [`super::MAX_IMAGE_WATERMARKS`].
    #[error("a process draws three image watermarks at most")]
    TooManyWatermarks,
}

impl ImgError {
    pub(super) fn value(parameter: &'static str, value: &str, ec: Option<&'static str>) -> Self {
        Self::Value { parameter, value: value.to_owned(), ec }
    }

    pub(super) fn shape(problem: &'static str, ec: &'static str) -> Self {
        Self::Shape { problem, ec: Some(ec) }
    }
}

impl From<ImgError> for OssError {
    fn from(error: ImgError) -> Self {
        let (code, ec) = match &error {
            ImgError::Value { ec, .. } | ImgError::Missing { ec, .. } | ImgError::Shape { ec, .. } => {
                (OssCode::InvalidArgument, *ec)
            }
            ImgError::UnknownAction(_) => (OssCode::InvalidArgument, Some("0040-00000213")),
            ImgError::NotImplemented(_) => (OssCode::NotImplemented, None),
            ImgError::TooManyActions => (OssCode::TooManyPipe, None),
            ImgError::TooManyWatermarks => (OssCode::WatermarkError, None),
        };
        let answer = Self::new(code, error.to_string());
        match ec {
            Some(ec) => answer.ec(ec),
            None => answer,
        }
    }
}
