//! The page on which staff look at campaigns in a browser: progress, who is missing, what is held, one agency's
//! history, one report beside its original file. It only shows; whatever is decided is decided by mail or at the
//! command line. It asks nobody who they are: it is for this machine, or for a proxy that has asked.

mod agency;
mod campaign;
mod changes;
mod guard;
mod held;
mod letter;
mod message;
mod original;
mod report;
mod template;
mod wording;

use crate::{clock::rfc3339, duty::Desk, setup::OpenCampaign, trouble};
use anyhow::Context as _;
use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use guard::Guard;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use template::Templates;
use tokio::sync::Semaphore;

/// Pages that are made at a time: they read the database, which has other work to do.
const MOST_AT_A_TIME: usize = 2;

/// What every page is made from.
#[derive(Clone)]
pub struct Shown {
    desk: Desk,
    templates: Arc<Templates>,
    /// Whoever holds one of these makes a page.
    turns: Arc<Semaphore>,
}

/// Why there is no page.
enum Refusal {
    /// There is no such thing, or no longer.
    NotFound,
    /// Our own trouble.
    Trouble(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal::Trouble(error.into())
    }
}

/// Without words yet: `in_turn` puts them in, as it knows the templates.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
            Refusal::Trouble(error) => {
                tracing::error!(error = trouble::told(&error), "a page for staff cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

type Answer = Result<Response, Refusal>;

/// The pages of a desk.
pub fn router(desk: Desk) -> anyhow::Result<Router> {
    let guard = Guard::new(&desk.setup.config).context("the page for staff")?;
    let templates = Arc::new(Templates::new().context("the page for staff")?);
    let shown = Shown { desk, templates, turns: Arc::new(Semaphore::new(MOST_AT_A_TIME)) };
    let pages = Router::new()
        .route("/", get(front))
        .route("/style.css", get(style))
        .route("/campaigns/{campaign}", get(campaign::show))
        .route("/campaigns/{campaign}/held", get(held::show))
        .route("/campaigns/{campaign}/agencies/{agency}", get(agency::show))
        .route("/reports/{report}", get(report::show))
        .route("/messages/{message}", get(message::show))
        .route("/messages/{message}/mail", get(message::mail))
        .route("/messages/{message}/files/{file}", get(message::file))
        .route("/letters/{letter}", get(letter::show))
        .with_state(shown.clone());
    Ok(pages
        .layer(middleware::from_fn_with_state(shown, in_turn))
        .layer(middleware::from_fn_with_state(Arc::new(guard), guard::guard)))
}

/// Has a page made when it is its turn; one that could not be made says so in words.
async fn in_turn(State(shown): State<Shown>, request: Request, next: Next) -> Response {
    let _turn = shown.turns.acquire().await;
    let response = next.run(request).await;
    let name = match response.status() {
        StatusCode::NOT_FOUND => "not-found.html",
        StatusCode::INTERNAL_SERVER_ERROR => "trouble.html",
        _ => return response,
    };
    shown.rendered(response.status(), name, &json!({})).unwrap_or(response)
}

/// The campaign there is, or the choice among several.
async fn front(State(shown): State<Shown>) -> Answer {
    let campaigns = &shown.desk.setup.campaigns;
    if let [only] = campaigns.as_slice() {
        return Ok(Redirect::to(&format!("/campaigns/{}", only.id)).into_response());
    }
    shown.page("front.html", &json!({}))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], template::STYLE).into_response()
}

impl Shown {
    /// A page, with what every page tells besides.
    fn page(&self, name: &str, values: &Json) -> Answer {
        Ok(self.rendered(StatusCode::OK, name, values)?)
    }

    fn rendered(&self, status: StatusCode, name: &str, values: &Json) -> anyhow::Result<Response> {
        let setup = &self.desk.setup;
        let campaigns: Vec<Json> = setup.campaigns.iter().map(campaign_facts).collect();
        let mut whole = json!({
            "office": { "name": setup.config.office.name, "unit": setup.config.office.unit },
            "campaigns": campaigns,
            "now": moment(self.desk.clock.now(), &setup.zone),
        });
        if let (Some(whole), Some(values)) = (whole.as_object_mut(), values.as_object()) {
            whole.extend(values.clone());
        }
        let html = self.templates.fill(name, &whole)?;
        Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
    }

    fn campaign(&self, id: &str) -> Result<&OpenCampaign, Refusal> {
        self.desk.setup.campaign(id).map_err(|_| Refusal::NotFound)
    }

    fn moment(&self, at: Timestamp) -> Json {
        moment(at, &self.desk.setup.zone)
    }

    fn moment_or_null(&self, at: Option<Timestamp>) -> Json {
        at.map_or(Json::Null, |at| self.moment(at))
    }
}

/// A number in an address; anything else names nothing.
fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}

/// A time, for machines and for people.
fn moment(at: Timestamp, zone: &TimeZone) -> Json {
    let local = at.to_zoned_datetime(zone.clone());
    json!({ "machine": rfc3339(at, zone), "time": local.strftime("%H:%M").to_string(), "date": local.strftime("%d/%m/%Y").to_string() })
}

fn campaign_facts(open: &OpenCampaign) -> Json {
    json!({
        "id": open.id.as_str(),
        "token": open.campaign.token(),
        "title": open.campaign.title,
        "number": open.campaign.letter.number,
    })
}

/// The one thing in an address.
type Named = Path<String>;
